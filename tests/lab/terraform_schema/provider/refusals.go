// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// refusals answers every question that only a provider with a cluster behind it could answer.
// Methods that it lacks are never called for a plan from an empty state.
type refusals struct {
	tfprotov5.ProviderServer
}

const unable = "This provider knows the schema only: it validates and plans, and never applies."

func refused(path *tftypes.AttributePath, text string) *tfprotov5.Diagnostic {
	return &tfprotov5.Diagnostic{
		Severity:  tfprotov5.DiagnosticSeverityError,
		Summary:   text,
		Attribute: path,
	}
}

func (refusals) ApplyResourceChange(_ context.Context, request *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	return &tfprotov5.ApplyResourceChangeResponse{
		NewState:    request.PriorState,
		Diagnostics: []*tfprotov5.Diagnostic{refused(nil, unable)},
	}, nil
}

func (refusals) ImportResourceState(context.Context, *tfprotov5.ImportResourceStateRequest) (*tfprotov5.ImportResourceStateResponse, error) {
	return &tfprotov5.ImportResourceStateResponse{
		Diagnostics: []*tfprotov5.Diagnostic{refused(nil, unable)},
	}, nil
}

func (refusals) ReadResource(_ context.Context, request *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{
		NewState:    request.CurrentState,
		Diagnostics: []*tfprotov5.Diagnostic{refused(nil, unable)},
	}, nil
}

func (refusals) UpgradeResourceState(context.Context, *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	return &tfprotov5.UpgradeResourceStateResponse{
		Diagnostics: []*tfprotov5.Diagnostic{refused(nil, unable)},
	}, nil
}

func (refusals) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}
