package lock_test

import (
	"path/filepath"
	"testing"

	"github.com/authctl/authctl/internal/tokenstore/lock"
)

func TestWithAndWithoutARuntimeFolderTheStateIsOne(t *testing.T) {
	shared := filepath.Join(t.TempDir(), "shared")
	session, job := lock.New(lock.Dirs{Runtime: t.TempDir(), Shared: shared}), lock.New(lock.Dirs{Shared: shared})
	for _, order := range [][2]*lock.Locker{{session, job}, {job, session}} {
		if err := order[0].WriteState("name", []byte("paused")); err != nil {
			t.Fatal(err)
		}
		if got, ok := order[1].ReadState("name"); !ok || string(got) != "paused" {
			t.Errorf("ReadState = %q, %v", got, ok)
		}
		if err := order[1].ClearState("name"); err != nil {
			t.Fatal(err)
		}
		if _, ok := order[0].ReadState("name"); ok {
			t.Error("what one cleared is still there for the other")
		}
	}
}

func TestASharedFolderThatDoesNotServeLeavesTheStateToTheRuntimeFolder(t *testing.T) {
	for _, shared := range unfit(t) {
		l := lock.New(lock.Dirs{Runtime: t.TempDir(), Shared: shared})
		if err := l.WriteState("name", []byte("paused")); err != nil {
			t.Fatalf("%s: %v", shared, err)
		}
		if got, ok := l.ReadState("name"); !ok || string(got) != "paused" {
			t.Errorf("%s: ReadState = %q, %v", shared, got, ok)
		}
	}
}
