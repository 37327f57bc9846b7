# SPDX-License-Identifier: BSD-3-Clause
"""A network in a few namespaces: real kernel hosts around a switch under test.

Used by the end-to-end tests, by the demo and by the soak run. Everything is named after the process
id and taken down again when the process ends, however it ends.
"""
