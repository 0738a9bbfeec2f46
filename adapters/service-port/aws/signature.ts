import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** A request as it was sent. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, not decoded. */
  readonly target: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
}

/** What the `Authorization` header of AWS Signature Version 4 says. */
interface Authorization {
  readonly accessKey: string;
  /** `DATE/REGION/SERVICE/aws4_request`. */
  readonly scope: readonly string[];
  /** In lower case, sorted. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const algorithm = "AWS4-HMAC-SHA256";
/** Maximum length of an `Authorization` header: enough for 100 signed headers. */
const headerCharsMax = 8_192;
/** A client's clock may differ by this. AWS allows as much. */
const clockSkewMsMax = 300_000;

/** Undefined if the header is of another form. */
function parseAuthorization(header: string): Authorization | undefined {
  const [start, ...rest] = header.trim().split(" ");
  if (start !== algorithm || header.length > headerCharsMax) return undefined;
  const parts = new Map(
    rest
      .join("")
      .split(",")
      .map((part): [string, string] => {
        const [name = "", ...value] = part.split("=");
        return [name, value.join("=")];
      }),
  );
  const [accessKey = "", ...scope] = parts.get("Credential")?.split("/") ?? [];
  const signedHeaders = parts.get("SignedHeaders")?.split(";") ?? [];
  const signature = parts.get("Signature") ?? "";
  if (parts.size !== 3 || accessKey === "" || !/^[0-9a-f]{64}$/.test(signature)) return undefined;
  return { accessKey, scope, signedHeaders, signature };
}

/** Gives the secret of an access key. */
type SecretOf = (accessKey: string) => string | undefined;

/** What a signature is for. */
interface Expected {
  readonly service: string;
  readonly now: number;
}

/** What the headers say, before the signature itself is compared. */
interface Claim extends Authorization {
  readonly time: string;
  readonly secret: string;
}

/**
 * Whether the request is signed by one of the keys, for the service, at about this time. Answers
 * why not, or undefined if it is. Only the header form is read: a signature in the query would
 * come back in logs.
 */
export function signatureFault(
  request: SignedRequest,
  secretOf: SecretOf,
  expected: Expected,
): string | undefined {
  const claim = readClaim(request, secretOf, expected);
  if (typeof claim === "string") return claim;
  const { scope, secret, signature, signedHeaders, time } = claim;
  const canonical = canonicalRequest(request, signedHeaders);
  const computed = signatureOf(secret, scope, stringToSign(time, scope, canonical));
  const same = timingSafeEqual(Buffer.from(computed, "hex"), Buffer.from(signature, "hex"));
  return same ? undefined : "the signature is not the one of this request and key";
}

/** The same, as far as the headers tell it: the signature is not compared. */
export function claimFault(
  request: Pick<SignedRequest, "rawHeaders">,
  secretOf: SecretOf,
  expected: Expected,
): string | undefined {
  const claim = readClaim(request, secretOf, expected);
  return typeof claim === "string" ? claim : undefined;
}

function readClaim(
  { rawHeaders }: Pick<SignedRequest, "rawHeaders">,
  secretOf: SecretOf,
  expected: Expected,
): Claim | string {
  const headers = headersOf(rawHeaders);
  const [header, ...more] = headers.get("authorization") ?? [];
  const authorization = more.length === 0 ? parseAuthorization(header ?? "") : undefined;
  if (authorization === undefined) return "the request has no signature of version 4";
  const { accessKey, scope, signedHeaders } = authorization;
  const time = headers.get("x-amz-date")?.[0] ?? "";
  const at = parseTime(time);
  if (at === undefined) return "X-Amz-Date is missing, or no time";
  if (Math.abs(expected.now - at) > clockSkewMsMax) return "X-Amz-Date is over 5 minutes off";
  const [date, , service, end] = scope;
  const fits = scope.length === 4 && date === time.slice(0, 8) && end === "aws4_request";
  if (!fits || service !== expected.service) return "the credential's scope is another one";
  for (const name of ["host", "x-amz-date"]) {
    if (!signedHeaders.includes(name)) return `the header ${name} is not signed`;
  }
  const secret = secretOf(accessKey);
  return secret === undefined ? "the access key is not known" : { ...authorization, time, secret };
}

/** `20150830T123600Z` in ms. */
function parseTime(text: string): number | undefined {
  const form = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
  if (!form.test(text)) return undefined;
  const at = Date.parse(text.replace(form, "$1-$2-$3T$4:$5:$6Z"));
  return Number.isNaN(at) ? undefined : at;
}

/** The request in the form that both sides hash. */
function canonicalRequest(
  { method, target, rawHeaders, body }: SignedRequest,
  signedHeaders: readonly string[],
): string {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const headers = headersOf(rawHeaders);
  const lines = signedHeaders.map((name) => {
    const values = headers.get(name)?.map(oneSpaced) ?? [];
    return `${name}:${values.join(",")}\n`;
  });
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    lines.join(""),
    signedHeaders.join(";"),
    sha256(body),
  ].join("\n");
}

function stringToSign(time: string, scope: readonly string[], canonicalRequest: string): string {
  return [algorithm, time, scope.join("/"), sha256(canonicalRequest)].join("\n");
}

function signatureOf(secret: string, scope: readonly string[], text: string): string {
  let key: string | Buffer = `AWS4${secret}`;
  for (const part of scope) key = createHmac("sha256", key).update(part).digest();
  return createHmac("sha256", key).update(text).digest("hex");
}

/** Without spaces at the ends, and with one for several. */
function oneSpaced(value: string): string {
  return value
    .split(" ")
    .filter((word) => word !== "")
    .join(" ");
}

/** All values of each header, by its name in lower case. */
function headersOf(rawHeaders: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    const values = headers.get(name) ?? [];
    values.push(rawHeaders[index + 1] as string);
    headers.set(name, values);
  }
  return headers;
}

/** The path is encoded once more, as for every service but S3, and without dot segments. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(encodeText(segment));
  }
  const isFolder = /\/\.{0,2}$/.test(path) && segments.length > 0;
  return `/${segments.join("/")}${isFolder ? "/" : ""}`;
}

function canonicalQuery(query: string): string {
  const pairs = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair): readonly [string, string] => {
      const mark = pair.indexOf("=");
      const name = mark < 0 ? pair : pair.slice(0, mark);
      return [
        encodeText(decodeText(name)),
        encodeText(mark < 0 ? "" : decodeText(pair.slice(mark + 1))),
      ];
    });
  pairs.sort(([name, value], [otherName, otherValue]) =>
    name === otherName ? compare(value, otherValue) : compare(name, otherName),
  );
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** By code points, as encoded texts are ASCII. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** RFC 3986, 2.3: all but the unreserved characters is percent-encoded. */
function encodeText(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** As it stands if it cannot be decoded: then the signature does not match. */
function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
