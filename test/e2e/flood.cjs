// Runs in a pod: floods port 8405 of the addresses that were last put at / with pipelined requests and with connections that
// say nothing. GET / tells what was sent since the start.
const http = require('node:http');
const net = require('node:net');

const port = 8405;
/** Of each address. */
const pipelines = 20;
const idle = 300;
const pauseMs = 100;
const requests = 'GET /metrics HTTP/1.1\r\nHost: flood\r\n\r\n'.repeat(2800);
const sent = { connections: 0, bytes: 0 };
let targets = new Set();

function hold(address, text) {
  if (!targets.has(address)) return;
  const socket = net.connect({ host: address, port });
  socket.on('connect', () => {
    sent.connections += 1;
    if (text === '') return;
    sent.bytes += text.length;
    socket.write(text);
  });
  socket.resume();
  socket.on('error', () => {});
  socket.on('close', () => setTimeout(hold, pauseMs, address, text));
}

function begin(address) {
  for (let each = 0; each < pipelines; each++) hold(address, requests);
  for (let each = 0; each < idle; each++) hold(address, '');
}

http
  .createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.method === 'PUT') {
        const before = targets;
        targets = new Set(JSON.parse(body));
        for (const address of targets) if (!before.has(address)) begin(address);
      }
      response.end(JSON.stringify(sent));
    });
  })
  .listen(9000, '127.0.0.1');
