"""The items of CLAIM 2024, by their published numbers and names."""

from __future__ import annotations

from leaderboard.submissions.guidelines.records import Guideline, items

CLAIM = Guideline(
    name="CLAIM 2024",
    source="Tejani AS, Klontzas ME, Gatti AA, et al. Checklist for Artificial Intelligence in Medical Imaging (CLAIM): "
    "2024 Update. Radiol Artif Intell 2024;6(4):e240300. doi:10.1148/ryai.240300",
    items=items(
        (
            "1",
            "Identification as a study of AI methodology, specifying the category of technology used",
            "identification technology",
        ),
        ("2", "Summary of study design, methods, results, and conclusions", "summary"),
        (
            "3",
            "Scientific and/or clinical background, including the intended use and role of the AI approach",
            "intended-use",
        ),
        ("4", "Study aims, objectives, and hypotheses", "design"),
        ("5", "Prospective or retrospective study", "design"),
        ("6", "Study goal", "design"),
        ("7", "Data sources", "sources training-data"),
        ("8", "Inclusion and exclusion criteria", "eligibility training-data"),
        ("9", "Data preprocessing", "input preprocessing"),
        ("10", "Selection of data subsets", "partitions"),
        ("11", "De-identification methods", "privacy"),
        ("12", "How missing data were handled", "missing"),
        ("13", "Image acquisition protocol", "acquisition"),
        ("14", "Definition of method(s) used to obtain reference standard", "reference"),
        ("15", "Rationale for choosing the reference standard", "reference"),
        ("16", "Source of reference standard annotations", "annotation"),
        ("17", "Annotation of test set", "reference annotation"),
        (
            "18",
            "Measures of inter- and intra-rater variability of features described by the annotators",
            "annotation",
        ),
        ("19", "How data were assigned to partitions", "partitions training-data"),
        ("20", "Level at which partitions are disjoint", "partitions"),
        ("21", "Intended sample size", "size"),
        ("22", "Detailed description of model", "architecture"),
        ("23", "Software libraries, frameworks, and packages", "software"),
        ("24", "Initialization of model parameters", "initialisation"),
        ("25", "Details of training approach", "training"),
        ("26", "Method of selecting the final model", "training"),
        ("27", "Ensembling techniques", "training"),
        ("28", "Metrics of model performance", "measures"),
        ("29", "Statistical measures of significance and uncertainty", "measures"),
        ("30", "Robustness or sensitivity analysis", "robustness"),
        ("31", "Methods for explainability or interpretability", "explanation"),
        ("32", "Evaluation on internal data", "own-results"),
        ("33", "Testing on external data", "partitions sources"),
        ("34", "Clinical trial registration", "protocol"),
        ("35", "Numbers of patients or examinations included and excluded", "flow"),
        ("36", "Demographic and clinical characteristics of cases in each partition", "patients training-data"),
        ("37", "Performance metrics and measures of statistical uncertainty", "accuracy"),
        ("38", "Estimates of diagnostic performance and their precision", "accuracy"),
        ("39", "Failure analysis of incorrect results", "failures groups"),
        ("40", "Study limitations", "bounds limitations"),
        ("41", "Implications for practice, including intended use and/or clinical role", "implications"),
        (
            "42",
            "Provide a reference to the full study protocol or to additional technical details",
            "rules protocol",
        ),
        ("43", "Statement about the availability of software, trained model, and/or data", "availability sharing"),
        ("44", "Sources of funding and other support; role of funders", "funding"),
    ),
)
