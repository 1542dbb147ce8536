package sandbox

import (
	"strings"
	"testing"
	"time"
)

func TestAMachineHandsOutItsTokens(t *testing.T) {
	r := start(t)
	base := r.URL("azure")
	const asked = "&resource=api%3A%2F%2Fsandbox.example.com"
	imds, arc, app := base+"/metadata/identity/oauth2/token?api-version=2018-02-01", base+"/metadata/identity/oauth2/token?api-version=2020-06-01", base+"/msi/token?api-version=2019-08-01"
	header := r.env["IDENTITY_HEADER"]
	for name, c := range map[string]struct {
		url     string
		headers []string
		status  int
		want    string
	}{
		"IMDS":                  {imds + asked, []string{"Metadata", "true"}, 200, `"expires_in":"86399"`},
		"IMDS, client":          {imds + asked + "&client_id=" + machineIdentity, []string{"Metadata", "true"}, 200, `"refresh_token":""`},
		"IMDS, object":          {imds + asked + "&object_id=" + machineIdentity, []string{"Metadata", "true"}, 200, `"token_type":"Bearer"`},
		"IMDS, resource":        {imds + asked + "&msi_res_id=" + machineIdentity, []string{"Metadata", "true"}, 200, `"token_type":"Bearer"`},
		"IMDS, another":         {imds + asked + "&client_id=other", []string{"Metadata", "true"}, 400, "Identity not found"},
		"IMDS, a fault":         {imds + asked + "&client_id=" + machineIdentity + "--throttle_429", []string{"Metadata", "true"}, 429, "Too Many"},
		"IMDS, no header":       {imds + asked, nil, 400, "metadata header"},
		"IMDS, another header":  {imds + asked, []string{"Metadata", "True"}, 400, "metadata header"},
		"IMDS, forwarded":       {imds + asked, []string{"Metadata", "true", "X-Forwarded-For", "10.0.0.1"}, 400, "metadata header"},
		"IMDS, no resource":     {imds, []string{"Metadata", "true"}, 400, "resource"},
		"IMDS, another version": {strings.Replace(imds, "2018", "2017", 1) + asked, []string{"Metadata", "true"}, 400, "api-version"},
		"App Service":           {app + asked, []string{"X-IDENTITY-HEADER", header}, 200, `"expires_on":"`},
		"App Service, resource": {app + asked + "&mi_res_id=" + machineIdentity, []string{"X-IDENTITY-HEADER", header}, 200, `"expires_on":"`},
		"App Service, as older": {strings.Replace(app, "/msi/", "/MSI/", 1) + asked, []string{"X-IDENTITY-HEADER", header}, 200, `"expires_on":"`},
		"App Service, no key":   {app + asked, nil, 401, "X-IDENTITY-HEADER"},
		"App Service, wrong":    {app + asked, []string{"X-IDENTITY-HEADER", header + "x"}, 401, "X-IDENTITY-HEADER"},
		"App Service, old":      {strings.Replace(app, "2019", "2017", 1) + asked, []string{"X-IDENTITY-HEADER", header}, 400, "api-version"},
		"Arc, first":            {arc + asked, []string{"Metadata", "true"}, 401, "unauthorized_client"},
		"Arc, wrong":            {arc + asked, []string{"Metadata", "true", "Authorization", "Basic x"}, 401, "Invalid"},
		"Arc":                   {arc + asked, []string{"Metadata", "true", "Authorization", "Basic " + r.env["ARC_KEY"]}, 200, `"expires_in":86399`},
		"Arc, a client":         {arc + asked + "&client_id=other", []string{"Metadata", "true", "Authorization", "Basic " + r.env["ARC_KEY"]}, 400, "Identity not found"},
		"Arc, a known client":   {arc + asked + "&client_id=" + machineIdentity, []string{"Metadata", "true", "Authorization", "Basic " + r.env["ARC_KEY"]}, 400, "Identity not found"},
	} {
		a := r.do(t, "GET", c.url, "", c.headers...)
		if a.StatusCode != c.status || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
		if name == "Arc, first" && a.Header.Get("WWW-Authenticate") != "Basic realm="+arcFile {
			t.Errorf("%v", a.Header)
		}
		if strings.HasPrefix(name, "App Service") && strings.Contains(a.body, "expires_in") {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

func TestAMachinesTokenOpensTheEcho(t *testing.T) {
	r := start(t)
	a := r.do(t, "GET", r.URL("azure")+"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r", "", "Metadata", "true")
	token, _ := a.json(t)["access_token"].(string)
	echo := r.do(t, "GET", r.URL("echo")+"/x", "", "Authorization", "Bearer "+token)
	if echo.StatusCode != 200 || !strings.Contains(echo.body, `"client_id":"system"`) || strings.Contains(echo.body, token) {
		t.Errorf("%s", echo.body)
	}
	r.ahead.Add(int64(25 * time.Hour))
	if late := r.do(t, "GET", r.URL("azure")+"/x", "", "Authorization", "Bearer "+token); late.StatusCode != 401 {
		t.Errorf("late: %s", late.body)
	}
}
