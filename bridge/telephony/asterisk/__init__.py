# SPDX-License-Identifier: EUPL-1.2
"""The Asterisk carrier: AMI, FastAGI, ConfBridge, PJSIP."""
