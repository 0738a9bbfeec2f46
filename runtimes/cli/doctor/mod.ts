export { type DoctorOptions, examine } from "./doctor.ts";
export type { Finding } from "./finding.ts";
export type { Role } from "./role-checks.ts";
