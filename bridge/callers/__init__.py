# SPDX-License-Identifier: EUPL-1.2
"""What is remembered of whoever rings, without their number: tries, locks, language, floods."""
