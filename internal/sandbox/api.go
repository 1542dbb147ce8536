package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"
)

// api is the protected part that all servers have: it echoes any request, and some paths behave in a way of their own.
type api struct {
	mu      sync.Mutex
	flaking map[string]int // how often /flaky was asked, by server and path
}

const (
	maxEchoed = 1 << 20 // of a body; what is longer is counted and hashed only
	maxUpload = 1 << 30
)

func newAPI() *api { return &api{flaking: make(map[string]int)} }

func (a *api) routes() []route {
	return []route{
		{"api", "", "/status/*", false, a.status},
		{"api", "", "/delay/*", false, a.delay},
		{"api", "", "/bytes/*", false, a.bytes},
		{"api", "", "/stream/*", false, a.stream},
		{"api", "", "/redirect", false, a.redirect},
		{"api", "", "/headers", false, a.headers},
		{"api", "", "/flaky/**", false, a.flaky},
		{"api", "", "/cae/**", false, a.cae},
		{"api", "", everything, false, a.echo},
	}
}

// echo tells what arrived, but for the token.
func (a *api) echo(x *exchange) reply {
	if x.fault == "cae" && !x.token.fresh {
		return x.origin.world.caeChallenge()
	}
	list := []member{
		{"method", x.Method}, {"path", x.path}, {"query", x.URL.RawQuery}, {"headers", received(x)},
	}
	body, err := receivedBody(x)
	if err != nil {
		text := "the body broke off or is longer than 1 GiB"
		return x.origin.dialect.fail(x, problem{status: 413, code: "invalid_request", text: text, aadsts: 9002313})
	}
	return object(200, append(append(list, body...), member{"identity", x.token.identity})...)
}

func (a *api) headers(x *exchange) reply { return object(200, member{"headers", received(x)}) }

// cae is a route of an API that evaluates access continuously: a token that was not asked for with the claims of the
// challenge does not do.
func (a *api) cae(x *exchange) reply {
	x.fault = "cae"
	return a.echo(x)
}

// received are the headers as one object, with the token replaced by what it is worth.
func received(x *exchange) map[string]string {
	shown := map[string]string{"Host": x.Host}
	for name, values := range x.Header {
		shown[name] = strings.Join(values, ", ")
	}
	shown["Authorization"] = "Bearer [valid: " + x.token.Provider + "]"
	return shown
}

// receivedBody counts and hashes the body, and repeats it if it is small: as text where it is UTF-8, else in base64.
func receivedBody(x *exchange) ([]member, error) {
	var head strings.Builder
	hash := sha256.New()
	rest := http.MaxBytesReader(nil, x.Body, maxUpload)
	n, err := io.Copy(io.MultiWriter(&head, hash), io.LimitReader(rest, maxEchoed))
	if err != nil {
		return nil, err
	}
	more, err := io.Copy(hash, rest)
	if err != nil {
		return nil, err
	}
	list := []member{{"body_bytes", n + more}, {"body_sha256", hex.EncodeToString(hash.Sum(nil))}}
	switch body := head.String(); {
	case more > 0:
	case utf8.ValidString(body):
		list = append(list, member{"body", body})
	default:
		list = append(list, member{"body_base64", base64.StdEncoding.EncodeToString([]byte(body))})
	}
	return list, nil
}
