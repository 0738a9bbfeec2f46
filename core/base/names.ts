/** Names of nodes and of origins, and of others who send commands. */
export const namePattern: RegExp = /^[a-z0-9-]{1,32}$/;

export const appNamePattern: RegExp = /^[a-z0-9-]{1,64}$/;

/** The first level of every MQTT topic. */
export const topicRootPattern: RegExp = /^[0-9A-Za-z_-]{1,32}$/;
