const name = "[a-z0-9-]{1,32}";

/** Names of nodes and of origins, and of others who send commands. */
export const namePattern: RegExp = new RegExp(`^${name}$`);

/** Connection ids: the node's name, a dot, and what only the node reads. */
export const connectionIdPattern: RegExp = new RegExp(`^(${name})\\.[A-Za-z0-9_-]{1,63}$`);

export const appNamePattern: RegExp = /^[a-z0-9-]{1,64}$/;

/** The first level of every MQTT topic. */
export const topicRootPattern: RegExp = /^[0-9A-Za-z_-]{1,32}$/;
