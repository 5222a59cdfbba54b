// @ts-check

const open = /** @type {{ SwaggerUIBundle: (options: object) => void }} */ (/** @type {unknown} */ (window));

// No validator: it would send the contract's address elsewhere.
open.SwaggerUIBundle({ url: '/openapi.yaml', dom_id: '#docs', validatorUrl: null, deepLinking: false });
