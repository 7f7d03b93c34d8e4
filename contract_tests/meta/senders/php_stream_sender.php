<?php
// PHP's streams: a connection for each request, closed by the sender's wish.
[, $url, $file] = $argv;
$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => 'Content-Type: application/json',
    'content' => file_get_contents($file),
    'ignore_errors' => true,
]]);
for ($sent = 0; $sent < 2; $sent++) {
    file_get_contents($url, false, $context);
    echo explode(' ', $http_response_header[0])[1], "\n";
}
