// The mail of scripts/demo: a mail server on loopback, and the person who reads it.
//   port                        prints a free port of loopback
//   serve DIR                   prints "PORT AUTHORITY" (STARTTLS) and writes the last link of ADDRESS to DIR/ADDRESS; ends with its
//                               standard input
//   open BROKER LINK CODE       opens the link's page and types the code there
import fs from 'node:fs';
import path from 'node:path';
import { MailSink, freePort } from './broker.mjs';
import { cleanUp } from './check.mjs';

async function serve(dir) {
  const sink = await new MailSink({ tls: 'starttls', dir }).start();
  process.stdout.write(`${sink.port} ${sink.authority}\n`);
  const timer = setInterval(() => {
    for (const mail of sink.mails.splice(0)) {
      const link = /\/auth\/email#([0-9a-f]{32}\.[A-Za-z0-9_-]{43})/.exec(mail.raw)[1];
      fs.writeFileSync(path.join(dir, `${mail.to[0]}.new`), link);
      fs.renameSync(path.join(dir, `${mail.to[0]}.new`), path.join(dir, mail.to[0]));
    }
  }, 50);
  await new Promise((resolve) => { process.stdin.on('end', resolve).resume(); });
  clearInterval(timer);
}

async function open(broker, link, code) {
  const [request_id, token] = link.split('.');
  const answer = await fetch(`${broker}/v1/auth/email/verify`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ request_id, token, match_code: code }) });
  if (answer.status !== 200) throw new Error(await answer.text());
}

const [verb, ...args] = process.argv.slice(2);
let status = 0;
try {
  await { port: async () => console.log(await freePort()), serve, open }[verb](...args);
} catch (error) {
  status = 1;
  console.error(error.message);
}
await cleanUp();
process.exit(status);
