package tokenstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// MaxEncoded is the most that one encoded record may measure.
const MaxEncoded = 256 << 10

// The encoded form is a magic that names the version, a short checksum, and JSON. The checksum finds a flipped bit
// where the store does not seal what it keeps: a token that was altered must be a miss, not a 401.
const (
	magic       = "actl\x01"
	checksumLen = 8
	headerLen   = len(magic) + checksumLen
)

// encoded is a record as it is written. No member is left out when it is empty, so that an absent member can never be
// taken for an empty one by another version.
type encoded struct {
	Key          string    `json:"key"`
	Profile      string    `json:"profile"`
	Provider     string    `json:"provider"`
	Endpoint     string    `json:"endpoint"`
	ClientID     string    `json:"client_id"`
	Subject      string    `json:"subject"`
	Scopes       []string  `json:"scopes"`
	AccessToken  string    `json:"access_token"`
	TokenType    string    `json:"token_type"`
	RefreshToken string    `json:"refresh_token"`
	IDToken      string    `json:"id_token"`
	ProofKey     string    `json:"proof_key"`
	Scope        string    `json:"scope"`
	ObtainedAt   time.Time `json:"obtained_at"`
	ExpiresAt    time.Time `json:"expires_at"`
	Login        string    `json:"login"`
	Salt         []byte    `json:"salt"`
	Binding      []byte    `json:"binding"`
	Root         []byte    `json:"root"`
}

// Encode writes a record for a store. It answers ErrTooBig for one that no store would take back.
func Encode(r *Record) ([]byte, error) {
	if _, ok := Account(r.Key); !ok {
		return nil, errors.New("encode a record: its key is not an identity's key")
	}
	e := encoded{
		Key: r.Key, Profile: r.Profile, Provider: r.Provider, Endpoint: r.Endpoint, ClientID: r.ClientID,
		Subject: r.Subject, Scopes: r.Scopes, TokenType: r.TokenType, Scope: r.Scope,
		AccessToken: r.AccessToken.Reveal(), RefreshToken: r.RefreshToken.Reveal(), IDToken: r.IDToken.Reveal(),
		ProofKey:   r.ProofKey.Reveal(),
		ObtainedAt: r.ObtainedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		Login: r.Login, Salt: r.Salt, Binding: r.Binding, Root: r.Root,
	}
	// JSON would replace bytes that are not UTF-8 and give back another token than it was given.
	for _, s := range []string{e.AccessToken, e.RefreshToken, e.IDToken, e.ProofKey} {
		if !utf8.ValidString(s) {
			return nil, errors.New("encode a record: a token is not UTF-8 text")
		}
	}
	text, err := e.text()
	if err != nil {
		return nil, fmt.Errorf("encode a record: %w", err)
	}
	if headerLen+len(text) > MaxEncoded {
		return nil, fault.New(fault.Store, "store.too_big", "a record of %d bytes: %w", headerLen+len(text), ErrTooBig)
	}
	out := make([]byte, 0, headerLen+len(text))
	out = append(out, magic...)
	out = append(out, checksum(text)...)
	return append(out, text...), nil
}

// text is the record as JSON. The escapes that HTML needs would make six bytes of one.
func (e *encoded) text() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e) //nolint:gosec // G117: the record is sealed, or in the keyring, before it is at rest
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Decode reads what Encode wrote. Whatever is off (a flipped bit, another version, another key, too many bytes) is
// ErrNotFound: an unreadable record is a miss. Unknown members are ignored.
func Decode(key string, data []byte) (*Record, error) {
	if len(data) > MaxEncoded || len(data) < headerLen || string(data[:len(magic)]) != magic {
		return nil, ErrNotFound
	}
	text := data[headerLen:]
	if !bytes.Equal(data[len(magic):headerLen], checksum(text)) {
		return nil, ErrNotFound
	}
	var e encoded
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, ErrNotFound
	}
	if _, ok := Account(e.Key); !ok || e.Key != key {
		return nil, ErrNotFound
	}
	return &Record{
		Key: e.Key, Profile: e.Profile, Provider: e.Provider, Endpoint: e.Endpoint, ClientID: e.ClientID,
		Subject: e.Subject, Scopes: e.Scopes, TokenType: e.TokenType, Scope: e.Scope,
		AccessToken: secret.New(e.AccessToken), RefreshToken: secret.New(e.RefreshToken), IDToken: secret.New(e.IDToken),
		ProofKey:   secret.New(e.ProofKey),
		ObtainedAt: e.ObtainedAt.UTC(), ExpiresAt: e.ExpiresAt.UTC(),
		Login: e.Login, Salt: e.Salt, Binding: e.Binding, Root: e.Root,
	}, nil
}

// EncodedKey is the key that an encoded record says it belongs to, "" where it cannot be read. A store that lists
// items under short names asks for it before it decodes.
func EncodedKey(data []byte) string {
	if len(data) < headerLen || len(data) > MaxEncoded {
		return ""
	}
	var e struct {
		Key string `json:"key"`
	}
	if json.Unmarshal(data[headerLen:], &e) != nil {
		return ""
	}
	return e.Key
}

func checksum(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:checksumLen]
}
