// Runs in a pod: requests to the Service at a steady rate, each with a session key of its own, and an account of what came
// back. GET / gives the account since the last GET; half the requests use kept connections, as browsers do.
const http = require('node:http');
const rate = Number(process.env.RATE);
const host = process.env.TARGET;
/** What a request asks for, but for its number. */
const prefix = process.env.PREFIX ?? '/?session=live-';
const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
let next = 0;
let account;
function reset() {
  account = { acked: [], refused: {}, statuses: {}, errors: [], retried: 0 };
}
reset();

function count(where, what) {
  where[what] = (where[what] ?? 0) + 1;
}

/** @param {number} id @param {boolean} kept @param {boolean} again */
function send(id, kept, again) {
  const options = { host, port: 8080, path: `${prefix}${id}`, timeout: 10_000 };
  const request = http.get({ ...options, agent: kept ? agent : false }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk) => {
      body += chunk;
    });
    response.on('end', () => {
      count(account.statuses, response.statusCode);
      const replica = /replica=(\S+)/.exec(body)?.[1] ?? '';
      if (response.statusCode === 200) account.acked.push([id, Date.now(), replica]);
    });
  });
  request.on('timeout', () => request.destroy(new Error('timeout')));
  request.on('error', (error) => {
    // A kept connection may be closed while a request is on its way: every client sends that one again.
    if (request.reusedSocket && !again) {
      account.retried += 1;
      return send(id, false, true);
    }
    // Before the first replica is ready the Service has nobody to give a connection to.
    const what = error.code ?? error.message;
    if (account.statuses[200] === undefined) count(account.refused, what);
    else account.errors.push([what, Date.now(), error.address ?? '']);
  });
}

setInterval(() => {
  for (let each = 0; each < rate / 20; each++) send(next, next++ % 2 === 0, false);
}, 50);

http
  .createServer((_, response) => {
    const { statuses } = account;
    response.end(JSON.stringify(account));
    reset();
    // Once somebody has answered, silence is an error.
    if (statuses[200] !== undefined) account.statuses[200] = 0;
  })
  .listen(9000, '127.0.0.1');
