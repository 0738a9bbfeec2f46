/** The version of this build; a test holds it against `package.json`. */
export const version = "0.1.0";
