package entra

import (
	"net/http"
	"strings"

	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

const (
	imdsHost = "http://169.254.169.254"
	imdsPath = "/metadata/identity/oauth2/token"
)

// platform is the service of a machine that hands out the tokens of its managed identities.
type platform struct {
	name     string
	address  string
	variable string        // where the address is from
	version  string        // api-version
	header   string        // that keeps requests out which somebody else made the machine send
	key      secret.String // the header's value where it is a secret; else it is "true"

	resourceID string // the parameter's name for an identity's resource id; empty: it knows one identity alone
	challenges bool   // the service wants to see that the caller can read a file of the machine
	starts     bool   // 404 and 410 mean that the service is not ready yet
}

// platform is found by the variables that it sets, in the order of Microsoft's libraries.
func (e environment) platform() platform {
	endpoint := e.get("IDENTITY_ENDPOINT")
	switch {
	case endpoint != "" && e.get("IDENTITY_HEADER") != "":
		return platform{
			name: "App Service", address: endpoint, variable: "IDENTITY_ENDPOINT", version: "2019-08-01",
			header: "X-Identity-Header", key: secret.New(e.get("IDENTITY_HEADER")), resourceID: "mi_res_id",
		}
	case endpoint != "" && e.get("IMDS_ENDPOINT") != "":
		return platform{
			name: "Azure Arc", address: endpoint, variable: "IDENTITY_ENDPOINT", version: "2020-06-01",
			header: "Metadata", challenges: true,
		}
	}
	host := e.get("AZURE_POD_IDENTITY_AUTHORITY_HOST")
	if host == "" {
		host = imdsHost
	}
	return platform{
		name: "IMDS", address: strings.TrimRight(host, "/") + imdsPath,
		variable: "AZURE_POD_IDENTITY_AUTHORITY_HOST", version: "2018-02-01", header: "Metadata", resourceID: "msi_res_id", starts: true,
	}
}

// query asks for a token at one API: a scope without its /.default is what these services call a resource.
func (f *platform) query(p *profile.Profile) []grant.Field {
	scope := p.Scopes[0]
	query := []grant.Field{
		grant.Plain("api-version", f.version), grant.Plain("resource", scope[:len(scope)-len("/.default")]),
	}
	if name, value := chosenIdentity(p); name == "resource_id" {
		query = append(query, grant.Plain(f.resourceID, value))
	} else if name != "" {
		query = append(query, grant.Plain(name, value))
	}
	for _, param := range p.Params {
		query = append(query, grant.Plain(param.Name, param.Value))
	}
	return query
}

// chosenIdentity is the one member of managed_identity, nothing for the machine's own identity.
func chosenIdentity(p *profile.Profile) (name, value string) {
	for name, value := range p.Own.Map("managed_identity") {
		text, _ := value.(string)
		return name, text
	}
	return "", ""
}

// headers are those of a first request.
func (f *platform) headers() http.Header {
	value := "true"
	if !f.key.IsZero() {
		value = f.key.Reveal()
	}
	return http.Header{f.header: {value}}
}
