<?php
// A correct receiver in plain PHP: each status of a message takes effect once, and no message ever goes back.
//
// Callbacks come by POST to /callbacks/whatsapp, and GET on /callbacks/whatsapp/{id} shows what is stored of a message.
// State is a file per message in the directory STORE, under a lock; a table whose primary key is the message's id,
// changed in one transaction, is the better place. To start it, and to have it judged:
//
//     php -d display_errors=0 -d enable_post_data_reading=0 -S 127.0.0.1:8080 php_receiver.php
//     URL=http://127.0.0.1:8080/callbacks/whatsapp
//     callback-contract check "$URL" --state-url "$URL/{id}"
//
// The same settings belong into the php.ini of a real server: the second keeps PHP from reading bodies before this
// program does, and from putting a warning in front of the answer.
declare(strict_types=1);

const PATH = '/callbacks/whatsapp';
const MAX_BODY_BYTES = 1024 * 1024;

const STRINGS = [
    'workflow_id', 'workflow_name', 'nodetask_id', 'nodetask_name', 'waba_task_id', 'wfdetail_uuid', 'status', 'msg_id',
    'send_time', 'waba_template_name', 'channel_id', 'callee',
];
const INTEGERS = ['timestamp', 'waba_template_id'];

// The states that each status may follow. A redelivery or a late older status finds none, and changes nothing.
const FOLLOWS = [
    'wait' => [],
    'send' => ['wait'],
    'delivery' => ['wait', 'send'],
    'read' => ['wait', 'send', 'delivery'],
    'replied' => ['wait', 'send', 'delivery', 'read'],
    'failed' => ['wait', 'send'],
];

$path = explode('?', $_SERVER['REQUEST_URI'], 2)[0];
$method = $_SERVER['REQUEST_METHOD'];
header_remove('X-Powered-By');

if ($path === PATH) {
    if ($method !== 'POST') {
        header('Allow: POST');
        refuse(405, 'callbacks come by POST');
    }
    receive();
} elseif (str_starts_with($path, PATH . '/') && $method === 'GET') {
    read_back(rawurldecode(substr($path, strlen(PATH) + 1)));
} else {
    refuse(404, 'nothing here');
}

function receive(): never
{
    // region: media-type
    // refuse: answers with this status and exits
    $media_type = trim(explode(';', $_SERVER['CONTENT_TYPE'] ?? '', 2)[0]);
    if (strtolower($media_type) !== 'application/json') {
        refuse(415, 'the media type has to be application/json');
    }
    // endregion
    // region: limit
    // MAX_BODY_BYTES: as 1024 * 1024
    $body = stream_get_contents(fopen('php://input', 'r'), MAX_BODY_BYTES + 1);
    // endregion
    if (strlen($body) > MAX_BODY_BYTES) {
        refuse(413, 'the body is too large');
    }
    $callback = decode($body);
    store($callback->msg_id, $callback->status, $body);
    answer(200, '{}'); // only now: when storing fails, the answer is 500, and the provider tries again
}

// Shows what is stored about one message, to tests. It is personal data: ask for credentials, or leave it out.
function read_back(string $id): never
{
    $text = @file_get_contents(message_file($id)); // @: no file means no such message, and deserves no warning
    if ($text === false || $text === '') {
        refuse(404, 'no such message');
    }
    [$state, $applied, $last] = explode("\n", $text, 3);
    // The body goes out as it came in: parsing it again could only lose digits.
    answer(200, sprintf('{"id": %s, "state": "%s", "applied": %d, "last": %s}', json_encode($id), $state, $applied, $last));
}

// Reads one callback. Objects stay objects: as arrays, {} and [] would be the same.
function decode(string $body): object
{
    // region: parse
    // refuse: answers with this status and exits
    try {
        $callback = json_decode($body, false, 512, JSON_THROW_ON_ERROR); // refuses broken UTF-8, NaN, byte order marks
    } catch (JsonException) {
        refuse(400, 'the body cannot be read as JSON in UTF-8');
    }
    // endregion
    // region: members
    // $callback: the body, parsed; STRINGS: its members. Unless $usable: 400
    $usable = is_object($callback) && is_object($callback->variables ?? null);
    foreach (STRINGS as $name) {
        $usable = $usable && is_string($callback->$name ?? null);
    }
    // endregion
    foreach (INTEGERS as $name) {
        $usable = $usable && is_int($callback->$name ?? null);
    }
    // What a key and a URL carry without escapes; the D keeps $ from matching before a line end.
    if (!$usable || !preg_match('/^[0-9A-Za-z_-]{1,64}$/D', $callback->msg_id)) {
        refuse(400, 'a member is missing or of another type');
    }
    return $callback;
}

// Lets a status take effect where it may. The lock makes reading and writing one step. In PostgreSQL one statement does:
// the primary key lets one delivery create the message, and WHERE lets a later one change it only from a state that its
// status may follow.
//
//   INSERT INTO message (id, state, applied, last) VALUES (:id, :state, 1, :last)
//   ON CONFLICT (id) DO UPDATE SET state = excluded.state, applied = message.applied + 1, last = excluded.last
//   WHERE message.state = ANY (:follows)
function store(string $id, string $status, string $body): void
{
    // region: status
    // FOLLOWS: each known status with the states that it may follow
    if (!array_key_exists($status, FOLLOWS)) {
        return; // to the caller, which acknowledges: a value of next year
    }
    // endregion
    // region: store
    // message_file, overwrite: a file for each id; FOLLOWS['send'] is ['wait']
    $file = fopen(message_file($id), 'c+');
    flock($file, LOCK_EX);
    $stored = explode("\n", stream_get_contents($file), 3);
    [$state, $applied] = $stored + ['', 0];
    if ($state === '' || in_array($state, FOLLOWS[$status], true)) {
        overwrite($file, $status . "\n" . ((int) $applied + 1) . "\n" . $body);
    }
    // endregion
    fclose($file); // gives the lock back
}

function overwrite($file, string $text): void
{
    rewind($file);
    ftruncate($file, 0);
    if (fwrite($file, $text) !== strlen($text) || !fflush($file)) {
        throw new RuntimeException('the message cannot be stored'); // a full disk: PHP answers 500
    }
}

function message_file(string $id): string
{
    $directory = getenv('STORE') ?: sys_get_temp_dir() . '/whatsapp_callbacks';
    is_dir($directory) || @mkdir($directory, 0700) || is_dir($directory); // another process may have been faster
    return $directory . '/' . hash('sha256', $id);
}

function refuse(int $status, string $reason): never
{
    answer($status, json_encode(['error' => $reason]));
}

function answer(int $status, string $json): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($json));
    echo $json;
    exit;
}
