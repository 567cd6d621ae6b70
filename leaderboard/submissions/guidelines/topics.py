"""What the items of the guidelines ask for, each once: three checklists ask many a thing three times."""

from __future__ import annotations

from leaderboard.submissions.guidelines.records import By, Topic

PLATFORM = {
    "identification": "What this is",
    "summary": "Summary",
    "design": "Design of the evaluation",
    "sources": "Hospitals and cohorts",
    "eligibility": "Who was included",
    "input": "What the model was given",
    "privacy": "De-identification",
    "threshold": "Operating point",
    "reference": "Reference standard",
    "blinding": "Blinding",
    "measures": "Measures and methods",
    "missing": "Failed and missing answers",
    "robustness": "Variability and robustness",
    "size": "Number of patients",
    "partitions": "Held-out patients",
    "flow": "Flow of scans",
    "patients": "Patients",
    "severity": "Sizes of tumours",
    "accuracy": "Accuracy",
    "groups": "Groups of patients",
    "heterogeneity": "Differences between hospitals",
    "failures": "Failures",
    "updating": "Updating of the model",
    "rules": "Rules of the benchmark",
    "availability": "Availability of data and program",
    "audit": "Audit of the numbers",
    "bounds": "Limits of this evaluation",
}
HOSPITALS = {
    "accrual": "How and when patients were found",
    "annotation": "Annotators of the reference standard",
    "acquisition": "Acquisition of the scans",
    "approval": "Ethics approval at the hospitals",
    "interval": "Time and treatment between scan and diagnosis",
    "others": "Other diagnoses",
}
TEAM = {
    topic.key: topic
    for topic in (
        Topic(key="technology", title="Technology", by=By.TEAM, ask="The kind of model, in a sentence."),
        Topic(
            key="intended-use",
            title="Background and intended use",
            by=By.TEAM,
            ask="Why the model was made, for whom, where in the care of patients it belongs, and what it replaces.",
        ),
        Topic(
            key="inequalities",
            title="Health inequalities",
            by=By.TEAM,
            ask="Known differences between groups of people in this disease and its care.",
        ),
        Topic(
            key="users", title="Users", by=By.TEAM, ask="Who uses the model, what they must know, what they must do."
        ),
        Topic(
            key="training-data",
            title="Training data",
            by=By.TEAM,
            ask="Sources, dates, who was included, how many with and without cancer, who annotated, how it was split.",
        ),
        Topic(
            key="preprocessing",
            title="Preprocessing",
            by=By.TEAM,
            ask="What the container does to a scan before the model sees it; software with its versions.",
        ),
        Topic(
            key="architecture",
            title="Model",
            by=By.TEAM,
            ask="Inputs, outputs, architecture, how its likelihood is made; where it is described in full.",
        ),
        Topic(key="software", title="Software", by=By.TEAM, ask="Libraries, frameworks and their versions."),
        Topic(key="initialisation", title="Initial parameters", by=By.TEAM, ask="Random, or from which model."),
        Topic(
            key="training",
            title="Training",
            by=By.TEAM,
            ask="Augmentation, hyperparameters and their tuning, how the final model was chosen, ensembles.",
        ),
        Topic(key="imbalance", title="Class imbalance", by=By.TEAM, ask="What was done about few cancers, and why."),
        Topic(key="fairness", title="Fairness", by=By.TEAM, ask="What was done so that no group is served worse."),
        Topic(key="explanation", title="Explanations", by=By.TEAM, ask="Methods that explain an answer, if any."),
        Topic(
            key="own-results",
            title="Results on own data",
            by=By.TEAM,
            ask="Numbers on your own test data with intervals, and how those patients differ from these.",
        ),
        Topic(
            key="input-quality",
            title="Poor or missing input",
            by=By.TEAM,
            ask="Which scans the model is not meant for, and what happens with them.",
        ),
        Topic(
            key="ethics",
            title="Ethics",
            by=By.TEAM,
            ask="Who approved the use of your training data, and how people consented or why they did not.",
        ),
        Topic(key="limitations", title="Limitations", by=By.TEAM, ask="What a reader should be careful about."),
        Topic(
            key="implications",
            title="Implications and next steps",
            by=By.TEAM,
            ask="What the results mean for practice, and what must be studied next.",
        ),
        Topic(key="funding", title="Funding", by=By.TEAM, ask="Who paid, and what part they had."),
        Topic(key="interests", title="Interests", by=By.TEAM, ask="Commercial and other interests of all involved."),
        Topic(
            key="protocol",
            title="Protocol and registration",
            by=By.TEAM,
            ask="Where the study's protocol and registration are, or that there are none.",
        ),
        Topic(
            key="sharing",
            title="Availability of model, code and training data",
            by=By.TEAM,
            ask="Where they are, and under which terms.",
        ),
        Topic(
            key="involvement",
            title="Patient and public involvement",
            by=By.TEAM,
            ask="How patients or the public took part, or that they did not.",
        ),
    )
}
TOPICS = {
    **{key: Topic(key=key, title=title, by=By.PLATFORM) for key, title in PLATFORM.items()},
    **{key: Topic(key=key, title=title, by=By.HOSPITALS) for key, title in HOSPITALS.items()},
    **TEAM,
}
