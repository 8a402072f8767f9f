/** The version of this server; kept with that of its package. */
export const version = "0.1.0";
