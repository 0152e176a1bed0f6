"""A lab as Kubernetes' API and kubectl show it: pure functions of a `View`, which is one instant.

    View ──► objects (the API's JSON) ──► table, YAML, names, description

Decisions
- We chose to make the API's objects first and to print tables from those, over tables from the
  model, because that is how kubectl does it: its columns can then be followed line by line
  (pkg/printers/internalversion/printers.go), and a table never says what the JSON does not.
- We chose the modification time of a network namespace's file for creationTimestamp over keeping
  one, because the kernel has it: it is when the namespace was made.
"""
