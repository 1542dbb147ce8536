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

func (e *entra) checkTenant(x *exchange, _ url.Values) *problem {
	tenant, _, _ := strings.Cut(strings.TrimPrefix(x.path, "/"), "/")
	switch {
	case tenant == entraTenant || tenant == entraTenantID:
		return nil
	case tenant == "common" || tenant == "organizations" || tenant == "consumers":
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

func (e *entra) checkForm(_ *exchange, form url.Values) *problem {
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if form.Get(name) == "" && (name != "scope" || !form.Has("resource")) {
			return &problem{
				status: 400, code: "invalid_request", aadsts: 900144,
				text: "The request body must contain the following parameter: '" + name + "'.",
			}
		}
	}
	if form.Has("resource") {
		return &problem{
			status: 400, code: "invalid_request", aadsts: 901002,
			text: "The 'resource' request parameter isn't supported.",
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return &problem{
			status: 400, code: "unsupported_grant_type", aadsts: 70003,
			text: "The app requested an unsupported grant type '" + grant + "'.",
		}
	}
	return nil
}

// checkScope wants one resource with /.default, encoded once.
func (e *entra) checkScope(_ *exchange, form url.Values) *problem {
	scope := form.Get("scope")
	switch {
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
	switch _, _, known := e.registered(id, entraClient); {
	case !known:
		return &problem{
			status: 400, code: "unauthorized_client", aadsts: 700016,
			text: "Application with identifier '" + id + "' was not found in the directory '" + entraTenant + "'. This can " +
				"happen if the application has not been installed by the administrator of the tenant or consented to by " +
				"any user in the tenant.",
		}
	case !form.Has("client_secret"):
		return &problem{
			status: 401, code: "invalid_client", aadsts: 7000216,
			text: "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
		}
	case !e.authenticate(x, id, form.Get("client_secret"), entraClient):
		return &problem{
			status: 401, code: "invalid_client", aadsts: 7000215,
			text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, " +
				"not the client secret ID, for a secret added to app '" + id + "'.",
		}
	}
	return nil
}
