package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"authctl": func() {
		if more := os.Getenv("STORY_FLAGS"); more != "" && len(os.Args) > 1 && os.Args[1] != "__complete" {
			os.Args = append([]string{os.Args[0], more}, os.Args[1:]...)
		}
		os.Exit(run())
	}, "visit": func() { os.Exit(visit(os.Args)) }, "paster": func() { os.Exit(paster(os.Args)) }, "browse": func() { os.Exit(browseMain(os.Args[1:])) }})
}

// TestStories runs the real program through testdata/script. Each story has a home, configuration, cache and runtime
// folder of its own, no session bus, and no proxy.
func TestStories(t *testing.T) {
	testscript.Run(t, stories(nil))
}

// TestNoStoryShowsASecret tells every story once more with -vv, whatever it then asserts, and looks through all that
// was printed for the secrets that the stories plant: each begins with CANARY.
func TestNoStoryShowsASecret(t *testing.T) {
	if testing.Short() {
		t.Skip("the stories are told twice in the full run only")
	}
	ear := &listener{t: t}
	testscript.RunT(ear, stories([]string{"STORY_FLAGS=-vv"}))
	if ear.heard == 0 {
		t.Fatal("no story was told")
	}
}

func stories(env []string) testscript.Params {
	return testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			for _, dir := range []string{"home", "run"} {
				if err := os.Mkdir(filepath.Join(e.WorkDir, dir), 0o700); err != nil {
					return err
				}
			}
			e.Vars = append(e.Vars,
				"HOME="+filepath.Join(e.WorkDir, "home"),
				"XDG_CONFIG_HOME="+filepath.Join(e.WorkDir, "home", "config"),
				"XDG_CACHE_HOME="+filepath.Join(e.WorkDir, "home", "cache"),
				"XDG_RUNTIME_DIR="+filepath.Join(e.WorkDir, "run"),
				"AUTHCTL_CONFIG="+filepath.Join(e.WorkDir, "profiles.yaml"),
				"DBUS_SESSION_BUS_ADDRESS=", "BROWSER=visit")
			e.Vars = append(e.Vars, env...)
			e.Values[serversKey{}] = &servers{}
			e.Defer(e.Values[serversKey{}].(*servers).close)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serveCmd, "hang": hangCmd, "requests": requestsCmd, "wire": wireCmd, "sandbox": sandboxCmd, "status": statusCmd, "expand": expandCmd, "await": awaitCmd,
			"idp": idpCmd, "asked": askedCmd, "trick": trickCmd, "behind": behindCmd,
			"misbehave": misbehaveCmd, "tlsserve": tlsServeCmd, "tunnel": tunnelCmd, "live": liveCmd, "ranges": rangesCmd,
		},
	}
}

// listener is a T that hears what the stories print and never fails for what they assert.
type listener struct {
	t     *testing.T
	mu    sync.Mutex
	heard int
}

var canary = regexp.MustCompile(`CANARY[-\w]*`)

func (l *listener) Log(args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(fmt.Sprint(args...)) {
		if strings.HasPrefix(line, "> ") || strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "FAIL:") {
			continue // the story's own words
		}
		l.heard++
		if found := canary.FindString(line); found != "" {
			l.t.Errorf("a secret was printed: %s", line)
		}
	}
}

type storyEnds struct{}

func (l *listener) Run(_ string, f func(testscript.T)) {
	defer func() {
		if r := recover(); r != nil && r != (storyEnds{}) {
			panic(r)
		}
	}()
	f(l)
}
func (l *listener) Skip(...any)       { panic(storyEnds{}) }
func (l *listener) Fatal(args ...any) { l.Log(args...); panic(storyEnds{}) }
func (l *listener) FailNow()          { panic(storyEnds{}) }
func (l *listener) Parallel()         {}
func (l *listener) Verbose() bool     { return true }
