package grant

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

// PlatformRequest asks the metadata service of the platform that the program runs on for a token. No client is proved:
// the service knows its own machine.
type PlatformRequest struct {
	URL        string
	Query      []Field // in the order of the wire
	Header     http.Header
	DefaultTTL time.Duration
	Where      string // the key of the profile that chooses the service, for hints
}

// Platform sends one GET to a metadata service and reads the token. The header is that of the reply, nil where none
// came: a service may want a proof that its 401 describes. Plain http is let through to this machine and to an IPv4
// link-local literal: such an address is served by the machine's own host and is forwarded by no router (RFC 3927
// section 2.7). The endpoint's client should know no proxy.
func (e *Endpoint) Platform(ctx context.Context, r PlatformRequest) (*Token, http.Header, error) {
	target, err := platformTarget(r)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, nil, notPlatform()
	}
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	rep, err := e.send(req, nil)
	if err != nil {
		return nil, nil, err
	}
	rep.where = r.Where
	token, failure := e.judge(rep, &Request{DefaultTTL: r.DefaultTTL, Read: expiryAsLife})
	if failure != nil {
		return nil, rep.header, failure.Doing("%s", e.operation(req))
	}
	return token, rep.header, nil
}

func platformTarget(r PlatformRequest) (*url.URL, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.User != nil || u.Fragment != "" || u.RawQuery != "" {
		return nil, notPlatform()
	}
	o, err := httpx.OriginOf(u)
	if err != nil || (u.Scheme != "https" && !o.Loopback() && !linkLocal(u.Hostname())) {
		return nil, notPlatform()
	}
	u.RawQuery = string(formBody(r.Query))
	return u, nil
}

func linkLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is4() && addr.IsLinkLocalUnicast()
}

func notPlatform() *fault.Error {
	return fault.New(fault.Config, "config.platform",
		"the address of the platform's token service must be a URL without user, query and fragment; http only to loopback and 169.254.0.0/16")
}

// expiryAsLife reads expires_on, the instant in place of which RFC 6749 has the life: seconds since 1970, as a number or
// a string, or a date. Where the reply says the life as well, that counts.
func expiryAsLife(found Members, sent time.Time) Members {
	raw, there := found["expires_on"]
	if _, said, err := found.Lifetime("expires_in"); !there || said || err != nil {
		return found
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	at, ok := instant(text)
	if !ok {
		return found // an instant that nobody can read is one that was not told
	}
	life := max(at.Sub(sent)/time.Second, 0)
	found["expires_in"] = json.RawMessage(strconv.FormatInt(int64(life), 10))
	return found
}

// instant knows what services of Azure are seen to write.
func instant(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if isNumber(text) {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n < -farFuture || n > farFuture {
			return time.Time{}, false
		}
		return time.Unix(int64(n), 0), true
	}
	for _, layout := range []string{"01/02/2006 15:04:05 -07:00", "01/02/2006 15:04:05", "2006-01-02 15:04:05", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
