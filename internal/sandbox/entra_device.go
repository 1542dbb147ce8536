package sandbox

import (
	"html"
	"net/http"
	"sync"
	"time"
)

// devices are the device codes that were given (RFC 8628 section 3.2), by device code.
type devices struct {
	mu   sync.Mutex
	kept map[string]*device
}

type device struct {
	identity

	userCode string
	verdict  string // accept or decline; empty: nobody has answered yet
	expires  time.Time
}

const (
	deviceLife     = 15 * time.Minute
	deviceInterval = 1 // the real server says 5; a script should not wait
	devicePath     = "/common/oauth2/deviceauth"
)

func (d *devices) give(one device) string {
	text := opaque(60)
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= maxTokens || d.kept == nil {
		d.kept = make(map[string]*device)
	}
	d.kept[text] = &one
	return text
}

// answer keeps what a person decided, and reports whether there is such a code.
func (d *devices) answer(userCode, verdict string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.kept {
		if one.userCode == userCode && one.verdict == "" {
			one.verdict = verdict
			return true
		}
	}
	return false
}

// poll gives whom a device code stands for, or why there is no token yet. A code that was decided serves once.
func (d *devices) poll(text, clientID string, now time.Time) (identity, *problem) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.kept[text]
	refuse := func(code string, number int, reason string) (identity, *problem) {
		return identity{}, &problem{status: 400, code: code, aadsts: number, text: reason}
	}
	switch {
	case one == nil || one.ClientID != clientID:
		return refuse("bad_verification_code", 70018, "Bad verification code: the device code is not known or was used.")
	case !now.Before(one.expires):
		return refuse("expired_token", 70020, "The provided device code has expired.")
	case one.verdict == "":
		return refuse("authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
	}
	delete(d.kept, text)
	if one.verdict != "accept" {
		return refuse("authorization_declined", 65004, "User declined to consent to access the app.")
	}
	return one.identity, nil
}

// deviceCode begins a login on another device.
func (e *entra) deviceCode(x *exchange) reply {
	form, wrong := x.form()
	if wrong != "" {
		return e.fail(x, problem{status: 400, code: "invalid_request", aadsts: 9002313, text: "Invalid request. " + wrong})
	}
	form.Set("grant_type", deviceGrant)
	for _, check := range []check{e.checkTenant, e.checkRequired("client_id", "scope"), e.checkClient} {
		if p := check(x, form); p != nil {
			return e.fail(x, *p)
		}
	}
	who := identity{
		Provider: "entra", Grant: "device_code", ClientID: form.Get("client_id"), Username: userName, Scope: form.Get("scope"),
	}
	userCode := newUserCode()
	text := e.devices.give(device{identity: who, userCode: userCode, expires: e.clock().Add(deviceLife)})
	at := e.entraURL + devicePath
	return entraHeaders(x, object(200,
		member{"user_code", userCode}, member{"device_code", text}, member{"verification_uri", at},
		member{"expires_in", int(deviceLife.Seconds())}, member{"interval", deviceInterval},
		member{"message", "To sign in, use a web browser to open the page " + at + " and enter the code " + userCode + " to authenticate."}))
}

// newUserCode is nine characters that nobody mistakes for others.
func newUserCode() string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := randomBytes(9)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// devicePage is where a person types the code.
func devicePage(x *exchange) reply {
	return page(http.StatusOK, "Enter code", `<form method="post" action="`+devicePath+`"><input name="user_code" value="`+
		html.EscapeString(x.URL.Query().Get("user_code"))+
		`"><button name="consent" value="accept">Accept</button><button name="consent" value="decline">Decline</button></form>`)
}

// deviceAnswer takes a person's decision; consent is accept or decline.
func (e *entra) deviceAnswer(x *exchange) reply {
	form, wrong := x.form()
	verdict := form.Get("consent")
	if wrong != "" || verdict != "accept" && verdict != "decline" || !e.devices.answer(form.Get("user_code"), verdict) {
		return page(http.StatusBadRequest, "Enter code", "That code is not known, or consent is neither accept nor decline.")
	}
	return page(http.StatusOK, "Done", "You may close this page.")
}

// page is a page of the sandbox; body is HTML.
func page(status int, title, body string) reply {
	return text(status, "text/html; charset=utf-8",
		"<!DOCTYPE html>\n<html><head><title>"+title+"</title></head>\n<body>"+body+"</body></html>\n").
		with("Cache-Control", "no-store", "Referrer-Policy", "no-referrer", "Content-Security-Policy", "default-src 'none'; form-action 'self'")
}
