package privatefile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

func TestWhatReplaceWroteReadReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for i, d := range []privatefile.Durability{privatefile.Expendable, privatefile.Durable} {
		want := bytes.Repeat([]byte{byte(i)}, 1000)
		if err := privatefile.Replace(path, want, d); err != nil {
			t.Fatal(err)
		}
		got, err := privatefile.Read(path, 1000)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("Read = %d bytes, %v", len(got), err)
		}
	}
	onlyFile(t, path)
}

// onlyFile fails where anything but the file is left in its folder.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Fatalf("the folder holds %v, %v", entries, err)
	}
}

func TestAFileThatIsAbsentOrTooLongSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if _, err := privatefile.Read(path, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of nothing = %v", err)
	}
	if err := privatefile.Replace(path, make([]byte, 11), privatefile.Expendable); err != nil {
		t.Fatal(err)
	}
	if _, err := privatefile.Read(path, 10); !errors.Is(err, privatefile.ErrTooLong) {
		t.Errorf("Read of too much = %v", err)
	}
}

func TestReplaceWithoutAFolderLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	if err := privatefile.Replace(filepath.Join(folder, "no", "f"), nil, privatefile.Expendable); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Replace = %v", err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestOfManyWhoCreateOneWins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	var wg sync.WaitGroup
	results := make([]error, 20)
	for i := range results {
		wg.Go(func() { results[i] = privatefile.Create(path, []byte(strconv.Itoa(i))) })
	}
	wg.Wait()
	won := -1
	for i, err := range results {
		switch {
		case err == nil && won >= 0:
			t.Fatalf("%d and %d both made the file", won, i)
		case err == nil:
			won = i
		case !errors.Is(err, fs.ErrExist):
			t.Fatal(err)
		}
	}
	got, err := privatefile.Read(path, 10)
	if err != nil || won < 0 || string(got) != strconv.Itoa(won) {
		t.Fatalf("%d won, the file says %q, %v", won, got, err)
	}
	onlyFile(t, path)
}

func TestTemporaryNamesAreKnown(t *testing.T) {
	for name, want := range map[string]bool{".ABC.tmp": true, "x.tmp": false, ".swept": false, "0123.tok": false} {
		if privatefile.IsTemp(name) != want {
			t.Errorf("IsTemp(%q) = %v", name, !want)
		}
	}
}
