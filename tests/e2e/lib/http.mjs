// HTTP over TCP or a Unix socket: one Connection is one kept-alive connection; Raw sends bytes as they are.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';

// Where a worker is reached, and under which origin its proofs go.
export function target(where) {
  if (/^https?:/.test(where)) {
    const url = new URL(where);
    return { host: url.hostname, port: Number(url.port), origin: url.origin, tls: url.protocol === 'https:' };
  }
  return { socketPath: where, origin: 'http://localhost' };
}

export class Connection {
  constructor(where, timeoutMs = 30000, localAddress = undefined) {
    this.target = { ...target(where), localAddress };
    this.timeoutMs = timeoutMs;
    const one = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 };
    // The worker's certificate is its own: clients pin the key, which the test of TLS does by itself.
    this.agent = this.target.tls ? new https.Agent({ ...one, rejectUnauthorized: false }) : new http.Agent(one);
  }

  // body: an object (sent as JSON), a string or Buffer (sent as it is), or undefined.
  request(method, path, { headers = {}, body } = {}) {
    const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const all = { ...headers };
    if (bytes !== undefined) {
      all['Content-Type'] ??= 'application/json';
      all['Content-Length'] = Buffer.byteLength(bytes);
    }
    return new Promise((resolve, reject) => {
      const { host, port, socketPath, localAddress } = this.target;
      const to = socketPath ? { socketPath } : { host, port, localAddress };
      const request = (this.target.tls ? https : http).request({ ...to, method, path, headers: all, agent: this.agent }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          let json;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({ status: response.statusCode, headers: response.headers, text, body: json });
        });
      });
      request.setTimeout(this.timeoutMs, () => request.destroy(new Error(`no answer in ${this.timeoutMs} ms`)));
      request.on('error', reject);
      request.end(bytes);
    });
  }

  close() {
    this.agent.destroy();
  }
}

// Bytes out, bytes in until the other side closes or `done` of what came.
export class Raw {
  constructor(where) {
    const { host, port, socketPath } = target(where);
    this.socket = socketPath ? net.connect(socketPath) : net.connect(port, host);
    this.text = '';
    this.ended = false;
    this.socket.on('data', (part) => (this.text += part.toString('latin1')));
    this.socket.on('error', () => (this.ended = true));
    this.socket.on('close', () => (this.ended = true));
  }

  send(bytes) {
    if (!this.ended) this.socket.write(bytes);
  }

  // The first whole answer, or what came before the end.
  async answer(timeoutMs = 10000) {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = this.parse();
      if (found || this.ended || Date.now() > end) return found;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  parse() {
    const split = this.text.indexOf('\r\n\r\n');
    if (split < 0) return undefined;
    const head = this.text.slice(0, split);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const body = this.text.slice(split + 4, split + 4 + length);
    if (body.length < length) return undefined;
    let json;
    try {
      json = JSON.parse(body);
    } catch {
      json = undefined;
    }
    return { status: Number(head.split(' ')[1]), head, body: json, closes: /^connection: *close/im.test(head) };
  }

  close() {
    this.socket.destroy();
  }
}
