export { type DoctorOptions, examine } from "./doctor.ts";
export type { Finding } from "./finding.ts";
export type { CheckedRole } from "./role-checks.ts";
