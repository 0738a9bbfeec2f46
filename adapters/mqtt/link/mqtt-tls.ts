/** TLS material in PEM, as the operator gives it. */
export interface MqttTls {
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
  /** False only for tests: the broker's certificate is not checked. */
  readonly rejectUnauthorized?: boolean;
}
