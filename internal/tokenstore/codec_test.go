package tokenstore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
	"github.com/authctl/authctl/internal/tokenstore"
	"github.com/authctl/authctl/internal/tokenstore/storetest"
)

func encode(t testing.TB, r *tokenstore.Record) []byte {
	t.Helper()
	data, err := tokenstore.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAnyFlippedBitIsAMiss(t *testing.T) {
	r := storetest.Record("ann", 40)
	data := encode(t, r)
	for i := range data {
		for bit := range 8 {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << bit
			if got, err := tokenstore.Decode(r.Key, bad); !errors.Is(err, tokenstore.ErrNotFound) || got != nil {
				t.Fatalf("bit %d of byte %d flipped: %v, %v", bit, i, got, err)
			}
		}
	}
}

func TestAnyShortenedOrLengthenedRecordIsAMiss(t *testing.T) {
	r := storetest.Record("ann", 40)
	data := encode(t, r)
	for n := range data {
		if _, err := tokenstore.Decode(r.Key, data[:n]); !errors.Is(err, tokenstore.ErrNotFound) {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
	if _, err := tokenstore.Decode(r.Key, append(data, '}')); !errors.Is(err, tokenstore.ErrNotFound) {
		t.Fatalf("one byte more: %v", err)
	}
}

func TestARecordOfAnotherKeyIsAMiss(t *testing.T) {
	r := storetest.Record("ann", 40)
	data := encode(t, r)
	for _, key := range []string{"", storetest.Key("bob"), r.Key[:63], strings.ToUpper(r.Key)} {
		if _, err := tokenstore.Decode(key, data); !errors.Is(err, tokenstore.ErrNotFound) {
			t.Errorf("Decode with key %q = %v", key, err)
		}
	}
}

func TestARecordThatNoStoreTakesIsATypedError(t *testing.T) {
	r := storetest.Record("ann", tokenstore.MaxEncoded)
	_, err := tokenstore.Encode(r)
	if !errors.Is(err, tokenstore.ErrTooBig) || !fault.Is(err, fault.Store) {
		t.Fatalf("Encode = %v", err)
	}
	if _, err := tokenstore.Decode(r.Key, make([]byte, tokenstore.MaxEncoded+1)); !errors.Is(err, tokenstore.ErrNotFound) {
		t.Fatalf("Decode of too much = %v", err)
	}
}

func TestALongTokenOfAnyPrintableCharactersIsKept(t *testing.T) {
	r := storetest.Record("ann", 40)
	r.RefreshToken = secret.New(strings.Repeat("<", 60_000))
	if got, err := tokenstore.Decode(r.Key, encode(t, r)); err != nil || !got.RefreshToken.Equal(r.RefreshToken) {
		t.Errorf("%v", err)
	}
}

func TestARecordWithEscapesForHTMLIsRead(t *testing.T) {
	text := []byte(`{"key":"` + storetest.Key("ann") + `","access_token":"\u003ca\u0026b\u003e"}`)
	sum := sha256.Sum256(text)
	data := slices.Concat([]byte("actl\x01"), sum[:8], text)
	if got, err := tokenstore.Decode(storetest.Key("ann"), data); err != nil || got.AccessToken.Reveal() != "<a&b>" {
		t.Errorf("%v", err)
	}
}

func TestATokenThatIsNoTextIsRefusedWithoutShowingIt(t *testing.T) {
	for _, set := range []func(*tokenstore.Record, secret.String){
		func(r *tokenstore.Record, s secret.String) { r.AccessToken = s },
		func(r *tokenstore.Record, s secret.String) { r.RefreshToken = s },
		func(r *tokenstore.Record, s secret.String) { r.IDToken = s },
	} {
		r := storetest.Record("ann", 4)
		set(r, secret.New("hidden\xff"))
		if _, err := tokenstore.Encode(r); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("Encode = %v", err)
		}
	}
}

func TestTheFormIsStable(t *testing.T) {
	data := encode(t, storetest.Record("ann", 4))
	if !bytes.HasPrefix(data, []byte("actl\x01")) {
		t.Fatalf("magic = %q", data[:5])
	}
	var members map[string]any
	if err := json.Unmarshal(data[13:], &members); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"key", "profile", "provider", "endpoint", "client_id", "subject", "scopes", "access_token", "token_type",
		"refresh_token", "id_token", "proof_key", "scope", "obtained_at", "expires_at", "login", "salt", "binding", "root",
	}
	for _, name := range want {
		if _, ok := members[name]; !ok {
			t.Errorf("no member %q", name)
		}
	}
	if len(members) != len(want) || reflect.TypeFor[tokenstore.Record]().NumField() != len(want) {
		t.Errorf("%d members of %d fields", len(members), reflect.TypeFor[tokenstore.Record]().NumField())
	}
}

func TestTheKeyOfAnEncodedRecordCanBeRead(t *testing.T) {
	r := storetest.Record("ann", 4)
	if got := tokenstore.EncodedKey(encode(t, r)); got != r.Key {
		t.Errorf("EncodedKey = %q", got)
	}
	for _, bad := range [][]byte{nil, []byte("x"), make([]byte, 100)} {
		if got := tokenstore.EncodedKey(bad); got != "" {
			t.Errorf("EncodedKey(%q) = %q", bad, got)
		}
	}
}

func TestAnAccountIsNeverAPath(t *testing.T) {
	key := storetest.Key("ann")
	if account, ok := tokenstore.Account(key); !ok || account != key[:32] || !tokenstore.IsAccount(account) {
		t.Errorf("Account(%s) = %q, %v", key, account, ok)
	}
	for _, bad := range []string{"", key[:63], key + "0", strings.ToUpper(key), "../" + key[3:], strings.Repeat("\x00", 64)} {
		if _, ok := tokenstore.Account(bad); ok {
			t.Errorf("Account took %q", bad)
		}
	}
	if !tokenstore.IsAccount(strings.ToUpper(key[:32])) || tokenstore.IsAccount("apic-password") {
		t.Error("IsAccount must ignore case and refuse other names")
	}
}

func FuzzDecode(f *testing.F) {
	r := storetest.Record("ann", 40)
	f.Add(encode(f, r))
	f.Add(encode(f, &tokenstore.Record{Key: r.Key}))
	f.Add([]byte(`{"key":"` + r.Key + `","access_token":"t","unknown":{}}`))
	f.Add([]byte("actl\x01"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		// What is behind the checksum is fuzzed as well: a damaged one would hide it.
		for _, form := range [][]byte{data, resum(data)} {
			got, err := tokenstore.Decode(tokenstore.EncodedKey(form), form)
			if err != nil {
				if !errors.Is(err, tokenstore.ErrNotFound) {
					t.Fatalf("Decode = %v", err)
				}
				continue
			}
			again, err := tokenstore.Encode(got)
			if err != nil {
				continue // a year that JSON cannot write, or more bytes than the original's
			}
			twice, err := tokenstore.Decode(got.Key, again)
			if err != nil || !reflect.DeepEqual(got, twice) {
				t.Fatalf("decoded twice: %v\n%+v\n%+v", err, got, twice)
			}
		}
	})
}

// resum gives data a header that fits.
func resum(data []byte) []byte {
	sum := sha256.Sum256(data)
	return slices.Concat([]byte("actl\x01"), sum[:8], data)
}
