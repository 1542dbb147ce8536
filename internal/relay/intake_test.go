package relay

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWhatFollowsABrokenBodyIsNoRequest(t *testing.T) {
	for name, chunks := range map[string]string{
		"no length": "zz\r\n", "a negative length": "-1\r\n", "bare line ends": "3\nabc\n0\n\n", "a length too short": "3\r\nabcd\r\n",
		"a second chunk": "3\r\nabc\r\nzz\r\n", "no trailer": "0\r\nno field\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
				_, _ = io.Copy(io.Discard, req.Body)
				hello(w, req)
			})
			r := start(t, a.URL, nil)
			status, rest := follow(t, r, chunks)
			if status != 400 || rest != "" || strings.Contains(r.log.String(), "/next") {
				t.Errorf("%d, then %q\n%s", status, rest, r.log)
			}
		})
	}
}

func TestAnAnswerAheadOfTheBodyIsTheLastOfItsConnection(t *testing.T) {
	early := newAPI(t, false, func(w http.ResponseWriter, req *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		hello(w, req)
	})
	if status, rest := follow(t, start(t, early.URL, nil), "3\r\nabc\r\n", "zz\r\n"); status != 200 || rest != "" {
		t.Errorf("%d, then %q", status, rest)
	}
	patient := newAPI(t, false, hello)
	if status, rest := follow(t, start(t, patient.URL, nil), "3\r\nabc\r\n0\r\n\r\n"); status != 200 || !strings.HasPrefix(rest, "HTTP/1.1 200 ") {
		t.Errorf("after a whole body: %d, then %q", status, rest)
	}
}

// follow sends a chunked body, the rest of it after the answer, and then another request. It gives the status of the
// first answer and whatever comes after it.
func follow(t *testing.T, r *rig, chunks ...string) (status int, rest string) {
	t.Helper()
	conn := dial(t, r.host)
	_, _ = fmt.Fprintf(conn, "POST /%s/x HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n%s", pathSecret, r.host, chunks[0])
	next := fmt.Sprintf("GET /%s/next HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", pathSecret, r.host)
	if len(chunks) == 1 {
		_, _ = io.WriteString(conn, next)
	}
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	drained(t, res)
	if len(chunks) > 1 {
		time.Sleep(20 * time.Millisecond)
		_, _ = io.WriteString(conn, chunks[1]+next)
	}
	more, _ := io.ReadAll(reader) // the connection ends, with a reset where something was left unread
	return res.StatusCode, string(more)
}
