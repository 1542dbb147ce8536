package call

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// variables are those that %{json} tells, in its order.
func variables() []string {
	return []string{
		"content_type", "errormsg", "exitcode", "filename_effective", "http_code", "http_version", "local_ip", "local_port",
		"method", "num_connects", "num_headers", "num_redirects", "num_retries", "redirect_url", "remote_ip", "remote_port",
		"response_code", "scheme", "size_download", "size_header", "size_upload", "speed_download", "speed_upload",
		"ssl_verify_result", "time_appconnect", "time_connect", "time_namelookup", "time_pretransfer", "time_redirect",
		"time_starttransfer", "time_total", "url", "url_effective", "urlnum",
	}
}

// variable is a value as -w prints it, and as JSON where that is not the same.
type variable struct{ text, json string }

func number(n int64) variable { return variable{text: strconv.FormatInt(n, 10)} }

func seconds(d time.Duration) variable { return variable{text: fmt.Sprintf("%.6f", d.Seconds())} }

func text(s string) variable {
	if s == "" {
		return variable{json: "null"}
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		quoted = []byte("null")
	}
	return variable{text: s, json: string(quoted)}
}

// value is the variable of that name.
func (r *Report) value(name string) (variable, bool) {
	for _, group := range []func(string) (variable, bool){r.ofTimes, r.ofSizes, r.ofConnection, r.ofAnswer, r.ofRun} {
		if v, ok := group(name); ok {
			return v, true
		}
	}
	return variable{}, false
}

func (r *Report) ofTimes(name string) (variable, bool) {
	t := r.Trip
	switch name {
	case "time_namelookup":
		return seconds(t.LookedUp), true
	case "time_connect":
		return seconds(t.Connected), true
	case "time_appconnect":
		return seconds(t.Secured), true
	case "time_pretransfer":
		return seconds(t.Ready), true
	case "time_starttransfer":
		return seconds(t.Answered), true
	case "time_redirect":
		return seconds(t.Redirected), true
	case "time_total":
		return seconds(t.Ended), true
	}
	return variable{}, false
}

func (r *Report) ofSizes(name string) (variable, bool) {
	t := r.Trip
	switch name {
	case "size_download":
		return number(t.Received), true
	case "size_upload":
		return number(t.Sent), true
	case "speed_download":
		return number(speed(t.Received, t.Ended)), true
	case "speed_upload":
		return number(speed(t.Sent, t.Ended)), true
	case "size_header":
		return number(r.headerBytes()), true
	case "num_connects":
		return number(int64(t.Connects)), true
	case "num_redirects":
		return number(int64(t.Redirects)), true
	case "num_retries":
		return number(int64(t.Retries)), true
	}
	return variable{}, false
}

func speed(n int64, in time.Duration) int64 {
	if in <= 0 {
		return 0
	}
	return int64(float64(n) / in.Seconds())
}

func (r *Report) headerBytes() int64 {
	var heads strings.Builder
	for _, res := range r.Trip.heads(r.Response) {
		writeHead(&heads, false, res)
	}
	return int64(heads.Len())
}

func (r *Report) ofConnection(name string) (variable, bool) {
	local, remote := addrPort(r.Trip.Local), addrPort(r.Trip.Remote)
	switch name {
	case "local_ip":
		return text(ip(local)), true
	case "local_port":
		return number(int64(local.Port())), true
	case "remote_ip":
		return text(ip(remote)), true
	case "remote_port":
		return number(int64(remote.Port())), true
	case "ssl_verify_result", "urlnum":
		return number(0), true // a certificate that does not verify ends the call
	case "scheme":
		if r.Trip.URL != nil && r.Trip.Remote != nil {
			return text(strings.ToUpper(r.Trip.URL.Scheme)), true
		}
		return text(""), true
	}
	return variable{}, false
}

func addrPort(addr net.Addr) netip.AddrPort {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.AddrPort()
	}
	return netip.AddrPort{}
}

func ip(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().Unmap().String()
}

func (r *Report) ofAnswer(name string) (variable, bool) {
	res := r.Response
	if res == nil {
		res = &http.Response{}
	}
	switch name {
	case "http_code", "response_code":
		return variable{text: fmt.Sprintf("%03d", res.StatusCode), json: strconv.Itoa(res.StatusCode)}, true
	case "http_version":
		version := strings.TrimSuffix(strings.TrimPrefix(res.Proto, "HTTP/"), ".0")
		return text(cmp.Or(version, "0")), true
	case "content_type":
		return text(res.Header.Get("Content-Type")), true
	case "num_headers":
		n := 0
		for _, values := range received(res) {
			n += len(values)
		}
		return number(int64(n)), true
	case "redirect_url":
		if r.Response != nil && redirects(res) && r.Trip.URL != nil {
			if target, err := r.Trip.URL.Parse(res.Header.Get("Location")); err == nil {
				return text(withoutUser(target)), true
			}
		}
		return text(""), true
	}
	return variable{}, false
}

func (r *Report) ofRun(name string) (variable, bool) {
	switch name {
	case "method":
		return text(r.Trip.Method), true
	case "url":
		return text(r.URL), true
	case "url_effective":
		if r.Trip.URL == nil {
			return text(r.URL), true
		}
		return text(withoutUser(r.Trip.URL)), true
	case "exitcode":
		return number(int64(r.Exit)), true
	case "errormsg":
		return text(r.Message), true
	case "filename_effective":
		return text(r.File), true
	}
	return variable{}, false
}

// withoutUser keeps what a URL says of a user, and a password, out of reports.
func withoutUser(u *url.URL) string {
	bare := *u
	bare.User = nil
	return bare.String()
}
