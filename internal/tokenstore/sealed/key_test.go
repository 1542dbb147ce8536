package sealed_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore/sealed"
)

func TestAStorageKeyIs32BytesOfBase64(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xef}, 16)
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if got, err := sealed.ParseKey(enc.EncodeToString(key)); err != nil || !bytes.Equal(got, key) {
			t.Errorf("ParseKey of a good key = %v", err)
		}
	}
	good := base64.StdEncoding.EncodeToString(key)
	for what, text := range map[string]string{
		"empty": "", "31 bytes": base64.StdEncoding.EncodeToString(key[:31]), "33 bytes": base64.StdEncoding.EncodeToString(append(key, 1)),
		"hex": strings.Repeat("0a", 32), "a blank": " " + good, "a line break": good[:20] + "\n" + good[20:], "ended by one": good + "\n",
		"padded twice": good + "=", "loose bits": good[:42] + "9=", "words": "correct horse battery staple",
	} {
		_, err := sealed.ParseKey(text)
		if !fault.Is(err, fault.Config) {
			t.Errorf("%s: %v", what, err)
		}
		if text != "" && strings.Contains(err.Error(), strings.TrimSpace(text)) {
			t.Errorf("%s: the error shows the text: %v", what, err)
		}
	}
}

// oneLock is a lock among goroutines that stand for processes.
func oneLock() func(context.Context) (func(), error) {
	var mu sync.Mutex
	return func(context.Context) (func(), error) {
		mu.Lock()
		return mu.Unlock, nil
	}
}

// noLock is what processes have whose locks lie in different folders.
func noLock(context.Context) (func(), error) { return func() {}, nil }

func TestManyWhoStartAtOnceMakeOneKey(t *testing.T) {
	for name, lock := range map[string]func(context.Context) (func(), error){"locked": oneLock(), "not locked": noLock} {
		path := filepath.Join(t.TempDir(), "made", "key")
		keys := make([][]byte, 50)
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				var err error
				if keys[i], err = sealed.GeneratedKey(path, lock)(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, key := range keys {
			if len(key) != sealed.KeyLen || !bytes.Equal(key, keys[0]) {
				t.Fatalf("%s: different keys were made", name)
			}
		}
	}
}

func TestAGeneratedKeyIsReadWithoutALock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := sealed.GeneratedKey(path, noLock)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := sealed.GeneratedKey(path, func(context.Context) (func(), error) {
		return nil, errors.New("locked by somebody")
	})(t.Context())
	if err != nil || !bytes.Equal(first, second) {
		t.Fatalf("%v", err)
	}
}

func TestALockThatCannotBeHadMakesNoKey(t *testing.T) {
	boom := errors.New("boom")
	path := filepath.Join(t.TempDir(), "key")
	_, err := sealed.GeneratedKey(path, func(context.Context) (func(), error) { return nil, boom })(t.Context())
	if _, statErr := os.Lstat(path); !errors.Is(err, boom) || statErr == nil {
		t.Fatalf("%v, %v", err, statErr)
	}
}

func TestAKeyFileOfTheWrongSizeIsAnErrorAndStays(t *testing.T) {
	for _, n := range []int{0, 31, 33, 1 << 20} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, make([]byte, n), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sealed.GeneratedKey(path, noLock)(t.Context())
		if !fault.Is(err, fault.Store) || !strings.Contains(fault.From(err).HintText(), path) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != int64(n) {
			t.Errorf("the file was touched: %v", err)
		}
	}
}
