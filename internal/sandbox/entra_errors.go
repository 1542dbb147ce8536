package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// fail is Entra's error object. Its 429 is no JSON at all.
func (e *entra) fail(x *exchange, p problem) reply {
	if p.status == http.StatusTooManyRequests {
		return entraHeaders(x, text(429, "", "Too Many Requests")).with("Content-Type", "text/plain", "Retry-After", "60")
	}
	if p.aadsts == 0 {
		p.aadsts = 9002313
	}
	trace, correlation := uuid(), x.Header.Get("Client-Request-Id")
	if correlation == "" {
		correlation = uuid()
	}
	stamp := e.clock().UTC().Format("2006-01-02 15:04:05Z")
	rep := object(p.status,
		member{"error", p.code},
		member{"error_description", fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			p.aadsts, p.text, trace, correlation, stamp)},
		member{"error_codes", []int{p.aadsts}}, member{"timestamp", stamp},
		member{"trace_id", trace}, member{"correlation_id", correlation},
		member{"error_uri", fmt.Sprintf("%s/error?code=%d", e.entraURL, p.aadsts)})
	return entraHeaders(x, rep)
}

// check is one of the reasons to refuse a request; nil: none.
type check func(*exchange, url.Values) *problem

func tenantOf(x *exchange) string {
	tenant, _, _ := strings.Cut(strings.TrimPrefix(x.path, "/"), "/")
	return tenant
}

// everybody knows the names that stand for any tenant.
func everybody(tenant string) bool {
	return tenant == "common" || tenant == "organizations" || tenant == "consumers"
}

// personally reports whether a person stands behind a grant.
func personally(grant string) bool {
	return grant == "authorization_code" || grant == "refresh_token" || grant == deviceGrant || grant == "device_code"
}

func (e *entra) checkTenant(x *exchange, form url.Values) *problem {
	tenant := tenantOf(x)
	switch {
	case tenant == entraTenant || tenant == entraTenantID || everybody(tenant) && personally(form.Get("grant_type")):
		return nil
	case everybody(tenant):
		return &problem{
			status: 400, code: "invalid_request", aadsts: 50059,
			text: "No tenant-identifying information found in either the request or implied by any provided credentials.",
		}
	case !strings.ContainsAny(tenant, ".-"):
		return &problem{
			status: 400, code: "invalid_request", aadsts: 900023,
			text: "Specified tenant identifier '" + tenant + "' is neither a valid DNS name, nor a valid external domain.",
		}
	}
	return &problem{
		status: 400, code: "invalid_request", aadsts: 90002,
		text: "Tenant '" + tenant + "' not found. Check to make sure you have the correct tenant ID and are signing into " +
			"the correct cloud.",
	}
}

// checkRequired wants parameters to be there.
func (e *entra) checkRequired(names ...string) check {
	return func(_ *exchange, form url.Values) *problem {
		for _, name := range names {
			if form.Get(name) == "" {
				return &problem{
					status: 400, code: "invalid_request", aadsts: 900144,
					text: "The request body must contain the following parameter: '" + name + "'.",
				}
			}
		}
		return nil
	}
}

func (e *entra) checkForm(x *exchange, form url.Values) *problem {
	grant := form.Get("grant_type")
	needed := []string{"grant_type", "client_id"}
	switch {
	case version1(x):
		needed = append(needed, "resource")
	case grant == "authorization_code":
		needed = append(needed, "code", "redirect_uri", "code_verifier")
	case grant == "refresh_token":
		needed = append(needed, "refresh_token")
	case personally(grant):
		needed = append(needed, "device_code")
	case !form.Has("resource"):
		needed = append(needed, "scope")
	}
	if p := e.checkRequired(needed...)(x, form); p != nil {
		return p
	}
	if form.Has("resource") && !version1(x) {
		return &problem{
			status: 400, code: "invalid_request", aadsts: 901002,
			text: "The 'resource' request parameter isn't supported.",
		}
	}
	if grant != "client_credentials" && (!personally(grant) || version1(x)) {
		return &problem{
			status: 400, code: "unsupported_grant_type", aadsts: 70003,
			text: "The app requested an unsupported grant type '" + grant + "'.",
		}
	}
	return nil
}

// checkScope wants an application to name one resource with /.default, encoded once.
func (e *entra) checkScope(x *exchange, form url.Values) *problem {
	scope := form.Get("scope")
	switch {
	case version1(x), personally(form.Get("grant_type")):
		return nil
	case len(strings.Fields(scope)) != 1:
		return &problem{
			status: 400, code: "invalid_scope", aadsts: 70011,
			text: "The provided value for the input parameter 'scope' is not valid. The scope " + scope +
				" is not valid: one resource per request.",
		}
	case !strings.HasSuffix(scope, "/.default") || strings.Contains(scope, "%"):
		return &problem{
			status: 400, code: "invalid_scope", aadsts: 1002012,
			text: "The provided value for scope " + scope + " is not valid. Client credential flows must have a scope " +
				"value with /.default suffixed to the resource identifier (application ID URI).",
		}
	}
	return nil
}

func (e *entra) checkClient(x *exchange, form url.Values) *problem {
	id := form.Get("client_id")
	_, _, confidential := e.registered(id, entraClient)
	_, injected, public := e.registered(id, entraPublicClient)
	secret, assertion := form.Has("client_secret"), form.Has("client_assertion")
	switch {
	case !confidential && !public:
		return &problem{
			status: 400, code: "unauthorized_client", aadsts: 700016,
			text: "Application with identifier '" + id + "' was not found in the directory '" + entraTenant + "'. This can " +
				"happen if the application has not been installed by the administrator of the tenant or consented to by " +
				"any user in the tenant.",
		}
	case public && (secret || assertion):
		return &problem{
			status: 401, code: "invalid_client", aadsts: 700025,
			text: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
		}
	case public && personally(form.Get("grant_type")):
		x.inject(injected)
		return nil
	case !secret && !assertion:
		return e.checkProof(form)
	case assertion:
		return e.asserted(x, form)
	case !e.authenticate(x, id, form.Get("client_secret"), entraClient):
		return &problem{
			status: 401, code: "invalid_client", aadsts: 7000215,
			text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, " +
				"not the client secret ID, for a secret added to app '" + id + "'.",
		}
	}
	return nil
}

// checkProof words the lack of one, which has two numbers.
func (e *entra) checkProof(form url.Values) *problem {
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return &problem{
			status: 401, code: "invalid_client", aadsts: 7000218,
			text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
		}
	}
	return &problem{
		status: 401, code: "invalid_client", aadsts: 7000216,
		text: "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
	}
}

// asserted lets the fault of a client's id take effect once its assertion is good.
func (e *entra) asserted(x *exchange, form url.Values) *problem {
	if p := e.checkAssertion(x, form); p != nil {
		return p
	}
	_, injected, _ := e.registered(form.Get("client_id"), entraClient)
	x.inject(injected)
	return nil
}
