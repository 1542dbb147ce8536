package sandbox

import (
	"html"
	"net/http"
	"strings"
)

// consumerPath begins the API of consumer organizations.
const consumerPath = "/consumer-api"

func onConsumerSide(x *exchange) bool { return strings.HasPrefix(x.path, consumerPath+"/") }

// consumer guards a route that must be told which catalog is meant.
func (a *apiconnect) consumer(serve func(*exchange) reply) func(*exchange) reply {
	return func(x *exchange) reply {
		if got := x.Header.Values("X-Ibm-Consumer-Context"); len(got) != 1 || got[0] != consumerContext {
			return a.refuse(x, http.StatusBadRequest, "X-IBM-Consumer-Context must name a provider organization and a catalog")
		}
		return serve(x)
	}
}

// signInPage is where people of an OpenID Connect registry are sent for an API key.
func signInPage(x *exchange) reply {
	if x.URL.Query().Get("from") != "TOOLKIT" {
		return redirect(http.StatusFound, "/-/login")
	}
	return text(200, "text/html; charset=utf-8", loginPage).with("Cache-Control", "no-store")
}

// signIn shows a key to whoever signs in, as the page does in the end; the key opens nothing but this sandbox.
func (a *apiconnect) signIn(x *exchange) reply {
	form, wrong := x.form()
	name := form.Get("username")
	realm := map[string]string{userName: providerRealm, adminName: adminRealm}[name]
	if wrong != "" || !a.user(name, form.Get("password")) {
		return text(http.StatusUnauthorized, "text/html; charset=utf-8", loginPage)
	}
	page := "<!DOCTYPE html>\n<html><head><title>API key</title></head>\n<body><code>" +
		html.EscapeString(a.keyFor(name, realm)) + "</code></body></html>\n"
	return text(200, "text/html; charset=utf-8", page).with("Cache-Control", "no-store")
}
