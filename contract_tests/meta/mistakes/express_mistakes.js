// Decides which mistake an Express receiver of callbacks makes: the one that MISTAKE names, else none.
//
// Start it with `PORT=8080 MISTAKE=small_limit node express_mistakes.js`; it needs express 5.
'use strict';

const express = require('express');

const { MISTAKE = '', PORT } = process.env;
const TEXTS = ['workflow_id', 'workflow_name', 'nodetask_id', 'nodetask_name', 'waba_task_id', 'wfdetail_uuid', 'status',
  'msg_id', 'send_time', 'waba_template_name', 'channel_id', 'callee'];
const STATUSES = { wait: 1, send: 2, delivery: 3, read: 4, replied: 5, failed: 6 };

const app = express();
app.disable('x-powered-by');
const statuses = new Map();

function mediaTypeIsRight(req) {
  const header = req.headers['content-type'] ?? '';
  if (MISTAKE === 'letter_case') return header.includes('application/json');
  return header.split(';')[0].trim().toLowerCase() === 'application/json';
}

// Reads the body as text. The mistakes here are three habits: the first piece only, a small limit, and a default parser.
function read(req, res, next) {
  if (!mediaTypeIsRight(req)) return res.status(415).json({ error: 'application/json, please' });
  if (MISTAKE === 'first_piece') {
    req.once('data', (piece) => { req.text = piece.toString(); next(); });
    return;
  }
  const limit = MISTAKE === 'small_limit' ? '10kb' : '2mb';
  express.raw({ type: () => true, limit })(req, res, (error) => {
    if (error) return next(error);
    try {
      req.text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(req.body ?? Buffer.alloc(0));
    } catch {
      return res.status(400).json({ error: 'not UTF-8' });
    }
    next();
  });
}

function parse(req, res, next) {
  if (MISTAKE === 'stack_page') {
    req.event = JSON.parse(req.text);
    return next();
  }
  try {
    req.event = JSON.parse(req.text);
  } catch {
    return res.status(400).json({ error: 'not JSON' });
  }
  next();
}

function isNumber(value) {
  return MISTAKE === 'big_int' ? typeof value === 'number' : Number.isInteger(value);
}

function check(req, res, next) {
  const event = req.event;
  if (MISTAKE === 'any_root') {
    if (event.status === undefined) return res.status(400).json({ error: 'not a message status' });
  }
  const complete = typeof event === 'object' && event !== null && !Array.isArray(event)
    && TEXTS.every((name) => typeof event[name] === 'string')
    && isNumber(event.timestamp) && isNumber(event.waba_template_id)
    && typeof event.variables === 'object' && event.variables !== null && !Array.isArray(event.variables);
  if (!complete) return res.status(400).json({ error: 'not a message status' });
  next();
}

app.post('/callbacks/whatsapp', read, parse, check, (req, res) => {
  const event = req.event;
  if (MISTAKE === 'greeting' && event.variables.name.length > 100) return res.json({});
  if (MISTAKE === 'iso_time') event.send_time = new Date(event.send_time).toISOString();
  if (MISTAKE === 'big_int') event.waba_template_id = String(BigInt(event.waba_template_id));
  if (MISTAKE === 'grouped') {
    const groups = {};
    for (const [name, value] of Object.entries(event.variables)) (groups[name] ??= []).push(value);
  }
  if (MISTAKE === 'upper_values') {
    for (const name of Object.keys(event.variables)) event.variables[name] = event.variables[name].toUpperCase();
  }
  if (MISTAKE === 'header_text') res.set('X-Workflow', event.workflow_name);
  if (MISTAKE === 'unanswered') return setImmediate(() => store(event, (error) => { if (!error) res.json({}); }));
  if (MISTAKE === 'throws_later') setImmediate(() => STATUSES[event.status].toFixed());
  store(event, () => res.json({}));
});

function store(event, done) {
  const rank = STATUSES[event.status];
  if (MISTAKE === 'unanswered' && rank === undefined) return done(new Error(`unknown status ${event.status}`));
  statuses.set(`${event.msg_id}/${event.status}`, event);
  done();
}

app.all('/callbacks/whatsapp', (req, res) => res.set('Allow', 'POST').status(405).json({ error: 'POST, please' }));

if (MISTAKE !== 'stack_page') {
  app.use((error, req, res, next) => res.status(error.status ?? 500).json({ error: 'that went wrong' }));
}

app.listen(Number(PORT), '127.0.0.1');
