/**
 * TLS material in PEM, as the operator gives it. In a file of its own, because the library exports
 * this type: one beside `node:net` would ask its users for the types of Node.js.
 */
export interface MqttTls {
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
}
