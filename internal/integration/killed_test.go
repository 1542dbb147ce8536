//go:build integration && linux

package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKilledBatchesLoseAndRepeatNothing kills a batch again and again, and lets it go on until it is done: each line
// has one result in the end, and only requests that were under way at a kill were sent twice.
func TestKilledBatchesLoseAndRepeatNothing(t *testing.T) {
	const requests, parallel = 400, 4
	var mu sync.Mutex
	seen := map[string]int{}
	url, ca := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			_, _ = fmt.Fprint(w, `{"access_token":"tok","token_type":"Bearer","expires_in":3600}`)
			return
		}
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		seen[r.URL.Path]++
		mu.Unlock()
		_, _ = fmt.Fprint(w, r.URL.Path)
	}))
	u := newUser(t, "profiles:\n  - {name: a, provider: oauth2, token_url: "+url+"/token, base_url: "+url+
		", client_id: i, client_secret: s, tls: {ca_file: "+ca+"}}\n")
	var lines strings.Builder
	for i := range requests {
		fmt.Fprintf(&lines, `{"path":"/%d"}`+"\n", i)
	}
	input, output := filepath.Join(u.dir, "in"), filepath.Join(u.dir, "out")
	if err := os.WriteFile(input, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for done := false; !done; {
		out, err := os.OpenFile(output, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		cmd := u.command(t.Context(), "call", "--batch", input, "--parallel", fmt.Sprint(parallel), "--resume", filepath.Join(u.dir, "done"))
		cmd.Stdout = out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(20+rand.IntN(80))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		done = cmd.Wait() == nil
		if timer.Stop(); !done {
			kills++
		}
		_ = out.Close()
		if kills > 200 {
			t.Fatal("200 kills, and the batch is not done")
		}
	}
	results := map[int]int{}
	text, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var result struct {
			Index int
			Body  string
		}
		if err := json.Unmarshal(line, &result); err != nil || result.Body != fmt.Sprintf("/%d", result.Index) {
			t.Fatalf("a torn or foreign result: %s", line)
		}
		results[result.Index]++
	}
	twice := 0
	for i := range requests {
		// A result may be printed twice where the kill came between printing it and noting it.
		if results[i] == 0 {
			t.Errorf("line %d has no result", i)
		}
		twice += seen[fmt.Sprintf("/%d", i)] - 1
	}
	if kills == 0 || twice > kills*parallel*9 {
		t.Errorf("%d kills, %d requests sent again", kills, twice)
	}
	t.Logf("%d kills, %d requests sent again", kills, twice)
}
