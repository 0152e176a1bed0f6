"""Text to Topology, or to everything that is wrong with it, with file and line.

    paths ── files, template ──► texts ── compose ──► trees ── documents, records ──► objects
                                                                                         │
    Topology and warnings, or Problems ◄── uniqueness, addressing, services, references ◄┘

`read` is the half that looks at the machine (files and standard input, nothing else); `parse` is
pure. A tree knows its lines; a reader makes a value of the model from a tree and tells `Findings`
what is wrong; the checks at the end compare objects with each other.

Decisions
- We chose tables of fields with readers (`records`) over a schema language: a field is one line
  that says its name here and in the model, its form and whether it must be there.
- We chose one table of all field names of Kubernetes (`field_tables`) beside those tables, so that
  a field is either acted on, named in a warning, or unknown: nothing is silently dropped.
- We chose to look for what is likely not meant (`service_warnings`) only where nothing is wrong:
  of half a file, most of it would be false.
- We chose the API server's limits and words wherever it has any: what labnet takes, a real cluster
  takes, and a message found here is found in a search engine too.
"""

from labnet.parse.files import SourceText, read
from labnet.parse.topology import Parsed, parse


__all__ = ["Parsed", "SourceText", "parse", "read"]
