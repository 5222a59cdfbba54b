/** Why a line does not become an account. The field is a JSON pointer into it, '' where the line as a whole is meant. */
export class LineFault extends Error {
  readonly field: string;
  constructor(field: string, reason: string) {
    super(reason);
    this.field = field;
  }
}

/** What the operator can mend: a file that is not there, says less than is needed or is none of lines. */
export class ImportError extends Error {}
