// The tests count processes and folders of this process: another test's would be among them.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
