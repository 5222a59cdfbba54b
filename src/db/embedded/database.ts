import pg from 'pg';

export const role = 'holdfast';

/** The service's role is no superuser, as on any other Postgres: an injected statement cannot run programs. */
export async function ensureDatabase(adminUrl: string, password: string, database: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    const { rows } = await admin.query(
      `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS has_role,
              EXISTS (SELECT FROM pg_database WHERE datname = $2) AS has_database`,
      [role, database],
    );
    if (!rows[0].has_role) {
      await admin.query(
        `CREATE ROLE ${role} LOGIN CREATEDB IN ROLE pg_signal_backend PASSWORD ${admin.escapeLiteral(password)}`,
      );
    }
    if (!rows[0].has_database) {
      await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(database)} OWNER ${role}`);
    }
  } finally {
    await admin.end();
  }
}
