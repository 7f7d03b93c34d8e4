<?php
// PHP's curl extension, over one connection: the handle keeps it.
[, $url, $file] = $argv;
$handle = curl_init($url);
curl_setopt_array($handle, [
    CURLOPT_POSTFIELDS => file_get_contents($file),
    CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
    CURLOPT_RETURNTRANSFER => true,
]);
for ($sent = 0; $sent < 2; $sent++) {
    if (curl_exec($handle) === false) {
        fwrite(STDERR, curl_error($handle));
        exit(1);
    }
    echo curl_getinfo($handle, CURLINFO_RESPONSE_CODE), "\n";
}
