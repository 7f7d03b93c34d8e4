// A correct receiver in Go: each status of a message takes effect once, and no message ever goes back.
//
// It needs the standard library only. Callbacks come by POST to /callbacks/whatsapp, and GET on
// /callbacks/whatsapp/{id} shows what is stored of a message. What it knows is in memory and lost with the process:
// replace the map with a table whose primary key is the message's id, see store. To start it, and to have it judged:
//
//     PORT=8080 go run go_receiver.go
//     URL=http://127.0.0.1:8080/callbacks/whatsapp
//     callback-contract check "$URL" --state-url "$URL/{id}"
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	path         = "/callbacks/whatsapp"
	maxBodyBytes = 1 << 20
	maxReadBytes = 16 * maxBodyBytes
)

var (
	stringMembers = []string{
		"workflow_id", "workflow_name", "nodetask_id", "nodetask_name", "waba_task_id", "wfdetail_uuid", "status",
		"msg_id", "send_time", "waba_template_name", "channel_id", "callee",
	}
	integerMembers = []string{"timestamp", "waba_template_id"}

	// What a key and a URL carry without escapes; no format is documented for ids.
	usableID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

	// The states that each status may follow. A redelivery or a late older status finds none, and changes nothing.
	follows = map[string][]string{
		"wait":     {},
		"send":     {"wait"},
		"delivery": {"wait", "send"},
		"read":     {"wait", "send", "delivery"},
		"replied":  {"wait", "send", "delivery", "read"},
		"failed":   {"wait", "send"},
	}
)

type message struct {
	ID      string          `json:"id"`
	State   string          `json:"state"`
	Applied int             `json:"applied"`
	Last    json.RawMessage `json:"last"`
}

type receiver struct {
	mutex    sync.Mutex
	messages map[string]message
}

func (receiver *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, path+"/")
	switch {
	case r.URL.Path == path && r.Method == http.MethodPost:
		receiver.receive(w, r)
	case r.URL.Path == path:
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "callbacks come by POST")
	case id != r.URL.Path && r.Method == http.MethodGet:
		receiver.readBack(w, id)
	default:
		refuse(w, http.StatusNotFound, "nothing here")
	}
}

func (receiver *receiver) receive(w http.ResponseWriter, r *http.Request) {
	// region: limit
	// maxBodyBytes: as 1 << 20
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+1))
	// endregion
	if err != nil {
		refuse(w, http.StatusBadRequest, "the body cannot be read")
		return
	}
	// region: media-type
	// refuse(w, status, reason): answers in JSON
	mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(mediaType), "application/json") {
		refuse(w, http.StatusUnsupportedMediaType, "the body has to be JSON")
		return
	}
	// endregion
	if len(body) > maxBodyBytes {
		io.CopyN(io.Discard, r.Body, maxReadBytes) // so that its sender sees the 413 and not a broken connection
		refuse(w, http.StatusRequestEntityTooLarge, "the body is too large")
		return
	}
	id, status, usable := decode(body)
	if !usable {
		refuse(w, http.StatusBadRequest, "the body is not a callback that can be read here")
		return
	}
	receiver.store(id, status, body)
	answer(w, http.StatusOK, struct{}{}) // only after storing: where that can fail, answer 500, and it comes again
}

// readBack shows what is stored about one message, to tests. That is personal: ask for credentials, or leave it out.
func (receiver *receiver) readBack(w http.ResponseWriter, id string) {
	receiver.mutex.Lock()
	found, known := receiver.messages[id]
	receiver.mutex.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, "no such message")
		return
	}
	answer(w, http.StatusOK, found)
}

// store lets a status take effect where it may. The lock makes reading and writing one step. In PostgreSQL one statement
// does: the primary key lets one delivery create the message, and WHERE lets a later one change it only from a state
// that its status may follow.
//
//	INSERT INTO message (id, state, applied, last) VALUES ($1, $2, 1, $3)
//	ON CONFLICT (id) DO UPDATE SET state = excluded.state, applied = message.applied + 1, last = excluded.last
//	WHERE message.state = ANY ($4)
func (receiver *receiver) store(id, status string, body []byte) {
	// region: status
	// follows: each known status with the states that it may follow
	states, known := follows[status]
	if !known {
		return // to the caller, which acknowledges: a value of next year
	}
	// endregion
	// region: store
	// receiver: a mutex, and a map of each id to its message
	// contains(states, …): whether the status may follow that state
	receiver.mutex.Lock()
	defer receiver.mutex.Unlock()
	before, exists := receiver.messages[id]
	if !exists || contains(states, before.State) {
		receiver.messages[id] = message{id, status, before.Applied + 1, body}
	}
	// endregion
}

// decode reads one callback. It is stricter than encoding/json, which mends broken UTF-8, takes null for any type, and
// lets a new member named MSG_ID set a field for msg_id: hence the check first, the pointers, and no struct.
func decode(body []byte) (id, status string, usable bool) {
	// region: parse
	var members map[string]json.RawMessage
	if !utf8.Valid(body) || json.Unmarshal(body, &members) != nil {
		return "", "", false // the caller answers 400
	}
	// endregion
	texts := map[string]string{}
	// region: members
	// members: map[string]json.RawMessage; texts: those of stringMembers
	for _, name := range stringMembers {
		var text *string
		if json.Unmarshal(members[name], &text) != nil || text == nil {
			return "", "", false // the caller answers 400
		}
		texts[name] = *text
	}
	// endregion
	for _, name := range integerMembers {
		var integer *int64
		if json.Unmarshal(members[name], &integer) != nil || integer == nil {
			return "", "", false
		}
	}
	var variables map[string]json.RawMessage
	if json.Unmarshal(members["variables"], &variables) != nil || variables == nil {
		return "", "", false
	}
	return texts["msg_id"], texts["status"], usableID.MatchString(texts["msg_id"])
}

func contains(states []string, state string) bool {
	for _, each := range states {
		if each == state {
			return true
		}
	}
	return false
}

func refuse(w http.ResponseWriter, status int, reason string) {
	answer(w, status, map[string]string{"error": reason})
}

func answer(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(document)
}

func main() {
	server := &http.Server{
		Addr:              "127.0.0.1:" + os.Getenv("PORT"),
		Handler:           &receiver{messages: map[string]message{}},
		ReadHeaderTimeout: 10 * time.Second, // without these, stuck senders keep their connections for ever
		ReadTimeout:       60 * time.Second,
		IdleTimeout:       120 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}
