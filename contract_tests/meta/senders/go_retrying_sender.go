// net/http with a loop of its own: one event to a URL, with retries a fixed pause apart.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"os"
	"strconv"
	"time"
)

func wait(response *http.Response, pause float64) time.Duration {
	if response != nil {
		asked := response.Header.Get("Retry-After")
		if seconds, err := strconv.Atoi(asked); err == nil {
			return time.Duration(seconds) * time.Second
		}
		if moment, err := http.ParseTime(asked); err == nil {
			return time.Until(moment)
		}
	}
	return time.Duration(pause * float64(time.Second))
}

func main() {
	url, file := os.Args[1], os.Args[2]
	pause, _ := strconv.ParseFloat(os.Args[3], 64)
	tries, _ := strconv.Atoi(os.Args[4])
	timeout, _ := strconv.ParseFloat(os.Args[5], 64)
	template, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	body := bytes.ReplaceAll(template, []byte("UNIQUE"), []byte(hex.EncodeToString(id)))
	client := &http.Client{
		Timeout:       time.Duration(timeout * float64(time.Second)),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for try := 0; try <= tries; try++ {
		// Without GetBody the transport does not send a request again by itself.
		request, _ := http.NewRequest("POST", url, bytes.NewReader(body))
		request.GetBody = nil
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Sent-By", "go")
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode/100 == 2 || response.StatusCode == 410 {
				return
			}
		} else {
			response = nil
		}
		time.Sleep(wait(response, pause))
	}
}
