package entra

import (
	"maps"
	"strings"

	"github.com/authctl/authctl/internal/profile"
)

// environment reads variables; nil has none.
type environment func(name string) (string, bool)

// get gives a variable, "" for one that is empty or not set: Azure's own libraries see no difference.
func (e environment) get(name string) string {
	if e == nil {
		return ""
	}
	value, _ := e(name)
	return strings.TrimSpace(value)
}

// The variables that fill what a profile leaves out, by the names that Azure's workload identity gives its pods.
const (
	tenantVariable    = "AZURE_TENANT_ID"
	clientVariable    = "AZURE_CLIENT_ID"
	authorityVariable = "AZURE_AUTHORITY_HOST"
	tokenVariable     = "AZURE_FEDERATED_TOKEN_FILE"
)

// fill takes from the environment what the profile does not say. A managed identity needs none of it, and what a
// variable says about another workload's client must not choose one.
func (e environment) fill(p *profile.Profile) {
	if p.Own.Has("managed_identity") {
		return
	}
	own := maps.Clone(p.Own)
	if own == nil {
		own = profile.Values{}
	}
	set := func(key, variable string) {
		if value := e.get(variable); value != "" && !own.Has(key) {
			own[key] = value
		}
	}
	set("tenant", tenantVariable)
	if !own.Has("cloud") {
		set("authority", authorityVariable)
	}
	if p.ClientID == "" {
		p.ClientID = e.get(clientVariable)
	}
	// A client without a credential is a public one where a person logs in; elsewhere the platform's token is its proof.
	if appOnly(p) && p.ClientAuth == "" && len(credentials(p)) == 0 {
		set("federated_token_file", tokenVariable)
	}
	p.Own = own
}

// tell says what was taken from the environment.
func (e environment) tell(p *profile.Profile, note func(format string, args ...any)) {
	if note == nil || p.Own.Has("managed_identity") {
		return
	}
	for _, filled := range []struct{ key, value, variable string }{
		{"tenant", p.Own.Text("tenant"), tenantVariable},
		{"client_id", p.ClientID, clientVariable},
		{"authority", p.Own.Text("authority"), authorityVariable},
		{"federated_token_file", p.Own.Text("federated_token_file"), tokenVariable},
	} {
		if filled.value != "" && !p.Said[filled.key] && filled.value == e.get(filled.variable) {
			note("%s is %s, from %s", filled.key, filled.value, filled.variable)
		}
	}
}
