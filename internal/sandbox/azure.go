package sandbox

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// azure speaks as the token services of Azure's machines do, over plain http: the metadata service of a virtual machine,
// App Service, and the agent of Azure Arc, told apart by path and api-version.
type azure struct{ *world }

const (
	machineLife = 24 * time.Hour
	arcFile     = "/var/opt/azcmagent/tokens/authctl-sandbox.key"
	imdsVersion = "2018-02-01"
	arcVersion  = "2020-06-01"
	appVersion  = "2019-08-01"
)

func (a *azure) routes() []route {
	return []route{
		{"imds", http.MethodGet, "/metadata/identity/oauth2/token", true, a.metadata},
		{"app_service", http.MethodGet, "/msi/token", true, a.appService},
		{"app_service", http.MethodGet, "/MSI/token", true, a.appService}, // as the older machines spell it
	}
}

// metadata is IMDS, or the agent of Azure Arc. Both want a header that no page in a browser can set, and refuse what
// was forwarded.
func (a *azure) metadata(x *exchange) reply {
	version := x.URL.Query().Get("api-version")
	switch {
	case x.Header.Get("Metadata") != "true" || x.Header.Get("X-Forwarded-For") != "":
		return a.fail(x, problem{status: 400, code: "invalid_request", text: "Required metadata header not specified"})
	case version == imdsVersion:
		return a.imds(x)
	case version == arcVersion:
		return a.arc(x)
	}
	return a.fail(x, problem{status: 400, code: "invalid_request", text: "Invalid api-version"})
}

func (a *azure) imds(x *exchange) reply {
	who, wrong := a.who(x, "msi_res_id")
	if wrong != nil {
		return a.fail(x, *wrong)
	}
	now := a.clock()
	life := int64(machineLife.Seconds()) - 1
	return a.tokenReply(
		member{"access_token", a.give(who)}, member{"client_id", machineIdentity},
		member{"expires_in", strconv.FormatInt(life, 10)}, member{"expires_on", strconv.FormatInt(now.Unix()+life, 10)},
		member{"ext_expires_in", strconv.FormatInt(life, 10)}, member{"not_before", strconv.FormatInt(now.Unix(), 10)},
		member{"refresh_token", ""}, member{"resource", x.URL.Query().Get("resource")}, member{"token_type", "Bearer"})
}

// arc names a file first, and then wants its content: whoever cannot read it gets no token.
func (a *azure) arc(x *exchange) reply {
	proof, ok := strings.CutPrefix(x.Header.Get("Authorization"), "Basic ")
	switch {
	case !ok:
		return object(401, member{"error", "unauthorized_client"}, member{"error_description", "Missing Basic Authorization header"}).
			with("Www-Authenticate", "Basic realm="+arcFile)
	case !same(proof, a.arcKey.Reveal()):
		return a.fail(x, problem{status: 401, code: "unauthorized_client", text: "Invalid Basic Authorization header"})
	}
	if a.chosen(x) {
		return a.fail(x, problem{status: 400, code: "invalid_request", text: "Identity not found"})
	}
	who, wrong := a.who(x, "")
	if wrong != nil {
		return a.fail(x, *wrong)
	}
	life := int64(machineLife.Seconds()) - 1
	return a.tokenReply(
		member{"access_token", a.give(who)}, member{"expires_in", life}, member{"expires_on", a.clock().Unix() + life},
		member{"not_before", a.clock().Unix()}, member{"resource", x.URL.Query().Get("resource")}, member{"token_type", "Bearer"})
}

// chosen tells of a request for another identity than the machine's own, which is all that an Arc machine has.
func (a *azure) chosen(x *exchange) bool {
	q := x.URL.Query()
	return slices.ContainsFunc([]string{"client_id", "object_id", "principal_id", "msi_res_id", "mi_res_id"}, q.Has)
}

// appService says when the token ends, and not how long it lives.
func (a *azure) appService(x *exchange) reply {
	switch {
	case !same(x.Header.Get("X-Identity-Header"), a.identityHeader.Reveal()):
		return a.fail(x, problem{status: 401, code: "unauthorized", text: "The X-IDENTITY-HEADER header is missing or wrong."})
	case x.URL.Query().Get("api-version") != appVersion:
		return a.fail(x, problem{status: 400, code: "invalid_request", text: "The api-version is not supported."})
	}
	who, wrong := a.who(x, "mi_res_id")
	if wrong != nil {
		return a.fail(x, *wrong)
	}
	ends := a.clock().Add(machineLife).Unix()
	return a.tokenReply(
		member{"access_token", a.give(who)}, member{"expires_on", strconv.FormatInt(ends, 10)},
		member{"resource", x.URL.Query().Get("resource")}, member{"token_type", "Bearer"}, member{"client_id", machineIdentity})
}

// who finds the identity that is asked for: the machine's own, or the one further that it has. A fault may hang on the
// further one's id.
func (a *azure) who(x *exchange, resourceID string) (identity, *problem) {
	q := x.URL.Query()
	if q.Get("resource") == "" {
		return identity{}, &problem{status: 400, code: "invalid_request", text: "Required query variable 'resource' is missing"}
	}
	id := "system"
	for _, name := range []string{"client_id", "object_id", "principal_id", resourceID} {
		if name == "" || !q.Has(name) {
			continue
		}
		_, injected, known := a.registered(q.Get(name), machineIdentity)
		if !known {
			return identity{}, &problem{status: 400, code: "invalid_request", text: "Identity not found"}
		}
		x.inject(injected)
		id = q.Get(name)
	}
	return identity{Provider: "azure", Grant: "managed_identity", ClientID: id, Scope: q.Get("resource")}, nil
}

func (a *azure) give(who identity) string {
	now := a.clock()
	text := a.entraKeys.jwt(members{
		{"aud", who.Scope},
		{"iss", a.entraURL + "/" + entraTenantID + "/"},
		{"iat", now.Unix()},
		{"exp", now.Add(machineLife).Unix()},
		{"appid", who.ClientID},
		{"oid", entraTenantID},
		{"tid", entraTenantID},
		{"uti", opaque(22)},
		{"ver", "1.0"},
	})
	return a.issue(text, machineLife, token{identity: who}).text
}

func (a *azure) tokenReply(list ...member) reply {
	rep := object(200, list...)
	rep.token = true
	return rep.with("Content-Type", "application/json; charset=utf-8", "Cache-Control", "no-store")
}

func (a *azure) fail(_ *exchange, p problem) reply {
	return object(p.status, member{"error", p.code}, member{"error_description", p.text})
}

func (a *azure) challenge(_ *exchange, why denial) reply { return rfcChallenge(why) }

func same(given, want string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}
