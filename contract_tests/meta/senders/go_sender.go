// Go's net/http, over one connection: a body that is read to its end gives it back to the pool.
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	body, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for sent := 0; sent < 2; sent++ {
		response, err := http.Post(os.Args[1], "application/json", bytes.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
		fmt.Println(response.StatusCode)
	}
}
