/** Names of nodes and of origins, and of others who send commands. */
export const namePattern: RegExp = /^[a-z0-9-]{1,32}$/;

export const appNamePattern: RegExp = /^[a-z0-9-]{1,64}$/;
