package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// browseMain is a browser in which other pages are open: `browse DEED... ADDRESS` does one after the other, and notes
// in the file browsed, in the end, what it was answered. The deeds, but the last three, are of pages that do not know
// the state.
func browseMain(args []string) int {
	address := args[len(args)-1]
	request, err := url.Parse(address)
	if err != nil {
		return 1
	}
	b := browsing{redirect: request.Query().Get("redirect_uri"), state: request.Query().Get("state"), address: address, issuer: request.Scheme + "://" + request.Host}
	var notes bytes.Buffer
	for _, deed := range args[:len(args)-1] {
		fmt.Fprintf(&notes, "%s %s\n", deed, b.do(deed))
	}
	_ = os.WriteFile("browsed.new", notes.Bytes(), 0o600)
	_ = os.Rename("browsed.new", "browsed")
	return 0
}

type browsing struct{ redirect, state, address, issuer string }

func (b browsing) do(deed string) string {
	wrong := "?code=EVIL&state=" + strings.Repeat("A", len(b.state))
	switch deed {
	case "favicon":
		return b.get(strings.TrimSuffix(b.redirect, "/callback")+"/favicon.ico", nil)
	case "forged":
		return b.get(b.redirect+wrong, nil)
	case "stateless":
		return b.get(b.redirect+"?code=EVIL", nil)
	case "denied":
		return b.get(b.redirect+"?error=access_denied&error_description=EVIL", nil)
	case "path":
		return b.get(b.redirect+"/"+wrong, nil)
	case "fat":
		return b.get(b.redirect+wrong, func(r *http.Request) { r.Header.Set("Cookie", strings.Repeat("c", 200<<10)) })
	case "rebound":
		return b.get(b.redirect+"?code=EVIL&state="+b.state, func(r *http.Request) { r.Host = "evil.example" })
	case "post":
		return b.get(b.redirect+"?code=EVIL&state="+b.state, func(r *http.Request) { r.Method = http.MethodPost })
	case "idle":
		u, _ := url.Parse(b.redirect)
		_, err := net.Dial("tcp", u.Host) // open until this browser ends
		return fmt.Sprint(err)
	case "states": // its own and the right one
		return b.get(b.redirect+"?code=EVIL&state=A&state="+b.state, nil)
	case "codes":
		return b.get(b.redirect+"?code=EVIL&code=GOOD&state="+b.state, nil)
	case "letters":
		return b.get(b.redirect+"?code=E%0d%0aVIL&state="+b.state, nil)
	case "refused":
		return b.get(b.redirect+"?error=access_denied&error_description=%1b%5d0%3bpwn%07%e2%80%ae"+strings.Repeat("x", 600)+"&state="+b.state+"&iss="+b.issuer, nil)
	case "answer":
		return b.get(b.address, nil)
	}
	return "no such deed"
}

// get asks once, and gives the status and whether the page repeats anything that a stranger could have put in it.
func (browsing) get(address string, change func(*http.Request)) string {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return err.Error()
	}
	if change != nil {
		change(req)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "no answer"
	}
	defer res.Body.Close()
	page, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if bytes.Contains(page, []byte("EVIL")) {
		return res.Status + " and repeats it"
	}
	return fmt.Sprint(res.StatusCode)
}
