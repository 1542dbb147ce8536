//go:build integration && linux

package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// chromium is a headless browser with one page, driven by the DevTools protocol over two pipes.
type chromium struct {
	to      io.Writer
	session string
	mu      sync.Mutex
	replies map[int]chan json.RawMessage
	last    int
}

func newChromium(t *testing.T) *chromium {
	t.Helper()
	theirIn, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
		"--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // descriptors 3 and 4
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirIn.Close(), theirOut.Close()
	c := &chromium{to: to, replies: map[int]chan json.RawMessage{}}
	go c.listen(from)
	t.Cleanup(func() {
		_ = to.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	var created struct{ TargetID string }
	c.ask(t, "Target.createTarget", map[string]any{"url": "about:blank"}, &created)
	var attached struct{ SessionID string }
	c.ask(t, "Target.attachToTarget", map[string]any{"targetId": created.TargetID, "flatten": true}, &attached)
	c.session = attached.SessionID
	return c
}

// listen hands replies to who waits for them; events are nobody's business.
func (c *chromium) listen(from io.Reader) {
	messages := bufio.NewReader(from)
	for {
		message, err := messages.ReadBytes(0)
		if err != nil {
			return
		}
		var reply struct {
			ID     int
			Result json.RawMessage
		}
		if json.Unmarshal(bytes.TrimSuffix(message, []byte{0}), &reply) != nil || reply.ID == 0 {
			continue
		}
		c.mu.Lock()
		waiting := c.replies[reply.ID]
		c.mu.Unlock()
		if waiting != nil {
			waiting <- reply.Result
		}
	}
}

func (c *chromium) ask(t *testing.T, method string, params map[string]any, result any) {
	t.Helper()
	waiting := make(chan json.RawMessage, 1)
	c.mu.Lock()
	c.last++
	id := c.last
	c.replies[id] = waiting
	c.mu.Unlock()
	message := map[string]any{"id": id, "method": method, "params": params}
	if c.session != "" {
		message["sessionId"] = c.session
	}
	text, _ := json.Marshal(message)
	if _, err := c.to.Write(append(text, 0)); err != nil {
		t.Fatal(err)
	}
	select {
	case reply := <-waiting:
		if err := json.Unmarshal(reply, result); err != nil {
			t.Fatalf("%s: %s", method, reply)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: no answer of the browser", method)
	}
}

// evaluate runs a script in the page; what is thrown while a page changes is nothing.
func (c *chromium) evaluate(t *testing.T, script string) string {
	t.Helper()
	var reply struct{ Result struct{ Value any } }
	c.ask(t, "Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true}, &reply)
	return fmt.Sprint(reply.Result.Value)
}

// logsIn is the person at the browser: a page with a form is filled and sent once, until the callback was reached.
const logsIn = `(() => {
	const form = document.readyState === 'complete' && document.querySelector('form');
	if (!form || form.dataset.sent) return location.href + ' ' + (document.body ? document.body.innerText : '');
	form.dataset.sent = 'yes';
	for (const [name, value] of [['login', 'alice'], ['password', 'any']]) {
		const field = form.querySelector('input[name=' + name + ']');
		if (field) field.value = value;
	}
	form.querySelector('button[type=submit]').click();
	return '';
})()`

func TestBrowserLogsInByAuthorizationCode(t *testing.T) {
	i := newIssuer(t)
	browser := newChromium(t)
	u := newUser(t, "profiles:\n"+i.profile("real", "grant: authorization_code", "client_id: native",
		"scopes: [openid, offline_access]", "authorization_params: [{name: prompt, value: consent}]"))
	i.tokens(t)

	var page string
	got := u.opens(t, i, func(t *testing.T, _ *idp, address string) {
		var ignored json.RawMessage
		browser.ask(t, "Page.navigate", map[string]any{"url": address}, &ignored)
		until(t, "the browser to come to the callback", func() bool {
			page = browser.evaluate(t, logsIn)
			return strings.HasPrefix(page, "http://127.0.0.1:")
		})
	}, "login", "-p", "real")

	if got.exit != 0 || got.stdout != "" || !strings.Contains(got.stderr, "alice") {
		t.Errorf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
	}
	if strings.Contains(page, "error") {
		t.Errorf("the last page: %s", page)
	}
	if token := u.run(t, "token", "get").token(t); !i.active(t, token) {
		t.Error("the server does not know the token")
	}
	if n := i.tokens(t); n != 1 {
		t.Errorf("%d token requests", n)
	}
}
