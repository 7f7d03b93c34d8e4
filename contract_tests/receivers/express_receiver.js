// A correct receiver in Express: each status of a message takes effect once, and no message ever goes back.
//
// It needs express 5. Callbacks come by POST to /callbacks/whatsapp, and GET on /callbacks/whatsapp/{id} shows what is
// stored of a message. What it knows is in memory and lost with the process: replace the Map with a table whose primary
// key is the message's id, see `store`. To start it, and to have it judged:
//
//     PORT=8080 node express_receiver.js
//     URL=http://127.0.0.1:8080/callbacks/whatsapp
//     callback-contract check "$URL" --state-url "$URL/{id}"
'use strict';

const express = require('express');

const STRINGS = [
  'workflow_id', 'workflow_name', 'nodetask_id', 'nodetask_name', 'waba_task_id', 'wfdetail_uuid', 'status', 'msg_id',
  'send_time', 'waba_template_name', 'channel_id', 'callee',
];
const INTEGERS = ['timestamp', 'waba_template_id'];

const USABLE_ID = /^[0-9A-Za-z_-]{1,64}$/; // what a key and a URL carry without escapes

// The states that each status may follow. A redelivery or a late older status finds none, and changes nothing.
const FOLLOWS = new Map([
  ['wait', []],
  ['send', ['wait']],
  ['delivery', ['wait', 'send']],
  ['read', ['wait', 'send', 'delivery']],
  ['replied', ['wait', 'send', 'delivery', 'read']],
  ['failed', ['wait', 'send']],
]);

const messages = new Map(); // id → {state, applied, last}; not an object, whose keys would include __proto__

const app = express();
app.disable('x-powered-by');

app.post(
  '/callbacks/whatsapp',
  (req, res, next) => {
    // region: media-type
    const mediaType = (req.get('Content-Type') ?? '').split(';')[0].trim();
    if (mediaType.toLowerCase() !== 'application/json') {
      return res.status(415).json({ error: 'the body has to be JSON' });
    }
    next();
    // endregion
  },
  // The bytes, not express.json(): that would mend broken UTF-8 and drop a byte order mark, unseen.
  // The default limit, 100 kB, is less than some callbacks need.
  // region: limit
  express.raw({ type: () => true, limit: '1mb' }), // express.json takes a limit, too
  // endregion
  (req, res) => {
    // region: parse
    // req.body: bytes, of express.raw({ type: () => true }), no express.json()
    let callback;
    try {
      const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      callback = JSON.parse(utf8.decode(req.body)); // ignoreBOM: a byte order mark stays, and is refused
    } catch {
      return res.status(400).json({ error: 'no JSON in UTF-8' });
    }
    // endregion
    // region: members
    // callback: the body, parsed; STRINGS, INTEGERS: names of its members
    const isObject = (v) => v instanceof Object && !Array.isArray(v);
    const usable =
      [callback, callback?.variables].every(isObject) &&
      STRINGS.every((name) => typeof callback[name] === 'string') &&
      INTEGERS.every((name) => Number.isInteger(callback[name]));
    if (!usable) return res.status(400).json({ error: 'a member is wrong' });
    // endregion
    if (!USABLE_ID.test(callback.msg_id)) return res.status(400).json({ error: 'no usable id' });
    store(callback.msg_id, callback.status, req.body.toString());
    res.json({}); // only now: when storing fails, the answer is 500, and the provider tries again
  },
);

// Shows what is stored about one message, to tests. It is personal data: ask for credentials, or leave it out.
app.get('/callbacks/whatsapp/:id', (req, res) => {
  const message = messages.get(req.params.id);
  if (message === undefined) return res.status(404).json({ error: 'no such message' });
  const head = JSON.stringify({ id: req.params.id, state: message.state, applied: message.applied });
  // The body goes out as it came in: parsing it again could only lose digits.
  res.type('json').send(`${head.slice(0, -1)},"last":${message.last}}`);
});

app.all('/callbacks/whatsapp', (req, res) => {
  res.set('Allow', 'POST').status(405).json({ error: 'callbacks come by POST' });
});

app.use((req, res) => {
  res.status(404).json({ error: 'nothing here' });
});

// region: errors
// Behind all of app's routes. Express' own handler shows a stack.
app.use((error, req, res, next) => { // four parameters make it the handler of errors
  const status = error.status ?? 500;
  if (status >= 500) console.error(error);
  const reason = status < 500 ? 'this cannot be read' : 'an error of ours';
  res.status(status).json({ error: reason });
});
// endregion

// Lets a status take effect where it may. Nothing here waits, so no other delivery comes in between. With a database
// something waits; in PostgreSQL one statement cannot race either: the primary key lets one delivery create the
// message, and WHERE lets a later one change it only from a state that its status may follow.
//
//   INSERT INTO message (id, state, applied, last) VALUES ($1, $2, 1, $3)
//   ON CONFLICT (id) DO UPDATE SET state = excluded.state, applied = message.applied + 1, last = excluded.last
//   WHERE message.state = ANY ($4)
function store(id, status, text) {
  // region: status
  // FOLLOWS: a Map of each known status to the states that it may follow
  const follows = FOLLOWS.get(status);
  if (follows === undefined) return; // to the caller, which answers 200: a value of next year
  // endregion
  // region: store
  // messages: a Map; follows: all states before. No await from get to set.
  const message = messages.get(id);
  if (message === undefined) {
    messages.set(id, { state: status, applied: 1, last: text });
  } else if (follows.includes(message.state)) { // from which this status may follow
    const applied = message.applied + 1;
    messages.set(id, { state: status, applied, last: text });
  }
  // endregion
}

const server = app.listen(Number(process.env.PORT), '127.0.0.1');
server.keepAliveTimeout = 65_000; // the default of 5 s closes connections that the sender is about to use again
