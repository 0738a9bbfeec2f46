import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../support/process/free-port.ts";
import { findProgram } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";
import { BenchProcess } from "./processes.ts";

const moduleFile = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/** Why there is no nchan, or undefined where there is. */
export function nchanMissing(): string | undefined {
  const isThere = findProgram("nginx") !== undefined && existsSync(moduleFile);
  return isThere ? undefined : "nginx with nchan is not installed (nginx, libnginx-mod-nchan)";
}

function configOf(port: number): string {
  return `load_module ${moduleFile};
daemon off; master_process off; pid nginx.pid; error_log stderr error;
worker_rlimit_nofile 20000;
events { worker_connections 20000; }
http {
  access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
  uwsgi_temp_path t4; scgi_temp_path t5; nchan_max_reserved_memory 256m;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /publish { nchan_publisher; nchan_channel_id room; nchan_message_buffer_length 64; }
    location = /receive {
      nchan_subscriber websocket; nchan_channel_id room;
      nchan_subscriber_first_message newest;
    }
    location = /send {
      nchan_publisher websocket; nchan_channel_id in; nchan_message_buffer_length 100000;
    }
    location = /collect {
      nchan_subscriber websocket; nchan_channel_id in; nchan_subscriber_first_message newest;
    }
  }
}
`;
}

/** nginx with nchan: one process on a port of 127.0.0.1, with a directory of its own. */
export async function startNchan(): Promise<{
  port: number;
  server: BenchProcess;
  end(): Promise<void>;
}> {
  const directory = await mkdtemp(join(tmpdir(), "wss-nchan-"));
  const port = await freePort();
  await writeFile(join(directory, "nginx.conf"), configOf(port));
  const server = new BenchProcess(findProgram("nginx")!, ["-p", directory, "-c", "nginx.conf"]);
  const end = async (): Promise<void> => {
    await server.end();
    await rm(directory, { recursive: true, force: true });
  };
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  try {
    await waitFor(answers, { what: "nginx" });
  } catch (error) {
    await end();
    throw error;
  }
  return { port, server, end };
}
