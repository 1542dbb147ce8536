// zitadel-op starts the example OpenID provider of github.com/zitadel/oidc, which nobody here wrote, with clients of
// its own, on a free port of loopback. It is a module of its own, so that authctl depends on nothing of it.
//
// It prints "READY ISSUER"; its issuer ends in a slash. GET /asked tells which paths were asked how often since it was
// last asked. The user is alice, her password is verysecure.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// The example's device flow keeps the user's name as the subject, so that her id is her name.
const users = `{"alice":{"ID":"alice","Username":"alice","Password":"verysecure","FirstName":"A","LastName":"L",
"Email":"alice@example.test","EmailVerified":true,"IsAdmin":true,"PreferredLanguage":"en"}}`

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "zitadel-op")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "users.json")
	if err := os.WriteFile(file, []byte(users), 0o600); err != nil {
		return err
	}
	known, err := storage.StoreFromFile(file)
	if err != nil {
		return err
	}
	_ = os.RemoveAll(dir)
	const anyPort = "http://127.0.0.1/callback"
	storage.RegisterClients(storage.NativeClient("native", anyPort), storage.WebClient("web", "secret", os.Args[1:]...),
		storage.WebClient("api", "secret"), storage.DeviceClient("device", "secret"))
	issuer := fmt.Sprintf("http://localhost:%d/", listener.Addr().(*net.TCPAddr).Port)
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	provider := exampleop.SetupServer(issuer, storage.NewStorage(known), quiet, false)
	fmt.Println("READY", issuer)
	return http.Serve(listener, &counting{next: provider, asked: map[string]int{}})
}

// counting counts the requests of each path.
type counting struct {
	next  http.Handler
	mu    sync.Mutex
	asked map[string]int
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/asked" {
		c.mu.Lock()
		c.asked[r.URL.Path]++
		c.mu.Unlock()
		c.next.ServeHTTP(w, r)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(c.asked)
	c.asked = map[string]int{}
}
