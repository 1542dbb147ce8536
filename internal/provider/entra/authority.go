package entra

import (
	"strings"

	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
)

// authority is the host that signs people and applications in: that of the cloud, unless the profile names one.
func authority(p *profile.Profile) string {
	if a := p.Own.Text("authority"); a != "" {
		return strings.TrimRight(a, "/")
	}
	switch p.Own.Text("cloud") {
	case "usgov":
		return "https://login.microsoftonline.us"
	case "china":
		return "https://login.partner.microsoftonline.cn"
	}
	return "https://login.microsoftonline.com"
}

func checkAuthority(p *profile.Profile) error {
	named := p.Own.Text("authority")
	switch {
	case named == "":
		return nil
	case p.Own.Has("cloud"):
		return &profile.KeyError{Key: "cloud", Reason: "cannot stand beside authority, which names the cloud's host", Hint: "remove one of the two lines"}
	}
	return profile.CheckURL("authority", named) // it may come from the environment, which nobody has checked
}

// checkTenant keeps anything but a GUID or a domain out of the URL's path. The names that stand for any directory are
// for people, whose directory the login finds.
func checkTenant(p *profile.Profile, chosen credential) error {
	refuse := func(reason string) error {
		return &profile.KeyError{Key: "tenant", Reason: reason, Hint: "the directory's GUID or domain: tenant: contoso.onmicrosoft.com; or " + tenantVariable + " in the environment"}
	}
	tenant := p.Own.Text("tenant")
	switch strings.ToLower(tenant) {
	case "":
		if chosen == managed {
			return nil // the machine knows its directory
		}
		return refuse("is required")
	case "common", "organizations", "consumers":
		switch {
		case forPeople(p):
			return nil
		case p.Grant == provider.RefreshToken:
			return refuse("names no directory; a refresh token is of one")
		}
		return refuse("an app-only token is of one tenant")
	}
	for label := range strings.SplitSeq(tenant, ".") {
		if label == "" || strings.ContainsFunc(label, notInLabel) {
			return refuse("is neither a GUID nor a domain")
		}
	}
	return nil
}

func notInLabel(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-'
}
